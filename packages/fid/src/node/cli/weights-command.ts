import { stat } from 'node:fs/promises';
import { withDestination } from '@edm2/command/destination';
import { UsageError } from '@edm2/command/errors';
import { expectFile } from '@edm2/command/expect-destination';
import type { Io } from '@edm2/command/io';
import { readSafetensors } from '@edm2/tensor-files';
import type { Command } from 'commander';
import { detectorOf } from '../measure/measurer.js';
import { hashOf, importWeights } from '../weights/import-weights.js';
import { SOURCES, sourceOf, storedPath, type WeightSource } from '../weights/sources.js';

/** `fid weights`: where to get them; checks a file and keeps it. */
export function addWeightsCommand(program: Command, io: Io): void {
  withDestination(
    program.command('weights'),
    '--output <file>',
    'where to keep them, .safetensors (default: where the other commands look)',
  )
    .option('--overwrite', 'replace weights that are there already')
    .description('Say which file to fetch, and from where; with a file: check it and keep it for the other commands.')
    .argument('[network]', SOURCES.map(({ name }) => name).join(' or '))
    .argument('[file]', 'weights with the published names, .pth or .safetensors')
    .action(
      async (network: string | undefined, file: string | undefined, options: { output?: string; overwrite?: true }) => {
        const chosen = network === undefined ? SOURCES : [sourceOf(network)];
        const [source] = chosen;
        if (file === undefined || source === undefined) return io.out(chosen.map(describe).join('\n\n'));
        const to = options.output ?? storedPath(source);
        if (await isKept(to, file, options)) return io.out(`${to}: there already, of the same file`);
        const { parameters } = detectorOf({ network: source.name === 'inception' ? 'inception' : 'dinov2' });
        const { sha256, published, tensors, values } = await importWeights(file, to, source, parameters);
        io.out(
          [
            `${to}: ${tensors} tensors, ${values.toLocaleString('en-US')} numbers`,
            `SHA-256 of ${file}: ${sha256}`,
            published === undefined
              ? 'It is not the hash of a published file: the names and shapes fit, the values are not vouched for.'
              : `That is ${published}`,
            `Licence of the published weights: ${source.licence}`,
          ].join('\n'),
        );
      },
    );
}

/**
 * Whether weights of the same file are kept there already.
 *
 * @throws {UsageError} (rejects) for another ending, or other weights that are there and may not be replaced.
 * @throws {Error} (rejects) of the file system, explained, when nothing can be written there.
 */
async function isKept(
  to: string,
  file: string,
  { output, overwrite }: { output?: string; overwrite?: true },
): Promise<boolean> {
  const who = output === undefined ? 'weights' : '--output';
  if (!to.endsWith('.safetensors'))
    throw new UsageError(`${who}: expected a file name ending in .safetensors, got ${to}. Name it so.`);
  const isThere = (await stat(to).catch(() => undefined))?.isFile() === true;
  if (isThere && !overwrite && output === undefined && (await sourceHash(to)) === (await hashOf(file))) return true;
  await expectFile(who, to, overwrite === true);
  return false;
}

/** Of the file that kept weights were made of; undefined where nothing tells. */
async function sourceHash(path: string): Promise<string | undefined> {
  const file = await readSafetensors(path).catch(() => undefined);
  await file?.close();
  return file?.metadata['source_sha256'];
}

const describe = (source: WeightSource): string =>
  [
    `${source.name}: ${source.licence}`,
    ...source.files.map(({ url, sha256, note }) => `  ${url}\n    ${note}${sha256 ? `; SHA-256 ${sha256}…` : ''}`),
    `  kept as ${storedPath(source)}`,
  ].join('\n');

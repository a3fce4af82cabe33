import { stat } from 'node:fs/promises';
import { withDestination } from '@edm2/command/destination';
import { UsageError } from '@edm2/command/errors';
import type { Io } from '@edm2/command/io';
import type { Command } from 'commander';
import { detectorOf } from '../measure/measurer.js';
import { importWeights } from '../weights/import-weights.js';
import { SOURCES, sourceOf, storedPath, type WeightSource } from '../weights/sources.js';

/** `fid weights`: where to get them; checks a file and keeps it. */
export function addWeightsCommand(program: Command, io: Io): void {
  withDestination(
    program.command('weights'),
    '--output <file>',
    'where to keep them, .safetensors (default: where the other commands look)',
  )
    .option('--overwrite', 'replace --output')
    .description('Say which file to get from where; with a file: check it and keep it for the other commands.')
    .argument('[network]', SOURCES.map(({ name }) => name).join(' or '))
    .argument('[file]', 'weights with the published names, .pth or .safetensors')
    .action(
      async (network: string | undefined, file: string | undefined, options: { output?: string; overwrite?: true }) => {
        const chosen = network === undefined ? SOURCES : [sourceOf(network)];
        const [source] = chosen;
        if (file === undefined || source === undefined) return io.out(chosen.map(describe).join('\n\n'));
        const to = options.output ?? storedPath(source);
        await expectWeightsFile(to, options);
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

/** @throws {UsageError} (rejects) for another ending, or a file of the caller's own that is there and may not be replaced. */
async function expectWeightsFile(
  to: string,
  { output, overwrite }: { output?: string; overwrite?: true },
): Promise<void> {
  if (!to.endsWith('.safetensors'))
    throw new UsageError(`--output: expected a file name ending in .safetensors, got ${to}. Name it so.`);
  if (output === undefined || overwrite) return;
  if (await stat(to).catch(() => undefined))
    throw new UsageError(
      `--output: expected a new file, got ${to}, which is there already. Choose another name, or add --overwrite to replace it.`,
    );
}

const describe = (source: WeightSource): string =>
  [
    `${source.name}: ${source.licence}`,
    ...source.files.map(({ url, sha256, note }) => `  ${url}\n    ${note}${sha256 ? `; SHA-256 ${sha256}…` : ''}`),
    `  kept as ${storedPath(source)}`,
  ].join('\n');

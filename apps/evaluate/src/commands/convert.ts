import { dirname } from 'node:path';
import { expectSourceFile } from '@edm2/app-kit/command/expect-source';
import { withByteProgress } from '@edm2/app-kit/command/progress';
import { withDestination } from '@edm2/command/destination';
import { UsageError } from '@edm2/command/errors';
import { expectFile, withOverwrite } from '@edm2/command/expect-destination';
import { convertSnapshot } from '@edm2/edm2-unet/node';
import { makeFolder } from '@edm2/tensor-files';
import { type Command, Option } from 'commander';
import { interruptible } from '../interruptible.js';
import { print } from '../say.js';

interface ConvertOptions {
  readonly output?: string;
  readonly fp?: '16' | '32';
  readonly license?: string;
  readonly overwrite?: boolean;
}

/** `edm2-evaluate convert`: NVIDIA's network snapshots as safetensors. */
export const addConvertCommand = (program: Command): Command =>
  withOverwrite(
    withDestination(
      program.command('convert'),
      '--output <file>',
      'where to write (default: the same name, .safetensors)',
    ),
    'replace --output',
  )
    .description("Convert a .pkl network snapshot of NVIDIA's EDM2 to safetensors; nothing in it is executed.")
    .argument('<snapshot>', 'the .pkl file')
    .addOption(new Option('--fp <bits>', 'bits of the stored numbers (default: as they are)').choices(['16', '32']))
    .option('--license <name>', "licence of the weights, if it is not that of NVIDIA's published networks")
    .action((input: string, options: ConvertOptions) => convertCommand(input, options));

async function convertCommand(input: string, { output, fp, license, overwrite }: ConvertOptions): Promise<void> {
  if (!input.endsWith('.pkl'))
    throw new UsageError(
      `convert: expected a .pkl snapshot, got ${input}. Networks in safetensors are read as they are.`,
    );
  await expectSourceFile('convert', input, 'a network snapshot of NVIDIA', /\.pkl$/);
  const path = output ?? input.replace(/\.pkl$/, '.safetensors');
  if (!path.endsWith('.safetensors'))
    throw new UsageError(`--output: expected a file name ending in .safetensors, got ${path}. Name it so.`);
  await expectFile('--output', path, overwrite);
  await makeFolder(dirname(path));
  const dtype = fp === undefined ? undefined : (`F${fp}` as const);
  const done = await interruptible('nothing was written', (signal) =>
    withByteProgress('converting', (onProgress) =>
      convertSnapshot({
        input,
        output: path,
        dtype,
        license,
        onProgress,
        signal,
      }),
    ),
  );
  print(`${path}  ${done.tensors} tensors, ${(done.values / 1e6).toFixed(2)} M numbers`);
  print(`licence of the weights: ${done.license}${done.licenseNotice === undefined ? '' : `. ${done.licenseNotice}`}`);
}

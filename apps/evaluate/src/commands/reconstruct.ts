import { inOwnWords } from '@edm2/app-kit/command/in-own-words';
import { withByteProgress } from '@edm2/app-kit/command/progress';
import { withDestination } from '@edm2/command/destination';
import { UsageError } from '@edm2/command/errors';
import { wholeNumber } from '@edm2/command/whole-number';
import { reconstructFiles } from '@edm2/phema/node';
import { type Command, Option } from 'commander';
import { interruptible } from '../interruptible.js';
import { count, numbers } from '../options/parse.js';
import { print, say } from '../say.js';

interface ReconstructOptions {
  readonly indir?: string;
  readonly outdir?: string;
  readonly outstd?: readonly number[];
  readonly outkimg?: number;
  readonly t?: number;
  readonly outprefix: string;
  readonly outfp?: '16' | '32';
  readonly skip?: boolean;
  readonly overwrite?: boolean;
  readonly normalize: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Thousands of images. */
const kimg = wholeNumber({ most: 1e9, why: 'no training has seen so many images' });

/** `edm2-evaluate reconstruct`: post-hoc EMA, with the options of NVIDIA's tool. */
export const addReconstructCommand = (program: Command): Command =>
  withDestination(program.command('reconstruct'), '--outdir <folder>', 'where the averages go')
    .description('Make averages of any EMA length from the snapshots of a run, all in one pass.')
    .option('--indir <folder>', 'folder of PREFIX-KIMG-STD snapshots')
    .option('--outstd <list>', 'EMA lengths σ_rel, such as 0.05,0.10,...,0.25', numbers('--outstd'))
    .option(
      '--outkimg <kimg>',
      'time of the averages by its label, thousands of images as in file names (default: the last stored)',
      kimg,
    )
    .option('--t <images>', 'the same in images', count('--t'))
    .option('--outprefix <name>', "first part of the results' names", 'phema')
    .addOption(
      new Option('--outfp <bits>', 'bits of the stored numbers (default: as the snapshots)').choices(['16', '32']),
    )
    .option('--no-normalize', 'leave the weights as Algorithm 3 gives them, not divided by their sum')
    .option('--skip', 'leave averages alone that are there already, made in the same way')
    .option('--overwrite', 'replace what is there under their names')
    .option('--force', 'make averages whose profile is far from the one asked for')
    .option('--json', 'print one JSON object')
    .action((options: ReconstructOptions) => reconstructCommand(options));

/** Its names of phema's options. */
const SPELLINGS = {
  t: '--t',
  kimg: '--outkimg',
  force: '--force',
  overwrite: '--overwrite',
  skipExisting: '--skip',
  dtype: '--outfp',
  output: '--outdir',
  prefix: '--outprefix',
};

/** Below this, nothing but rounding is left of an error. */
const NEGLIGIBLE = 1e-6;

const percent = (share: number): string => `${share < NEGLIGIBLE ? 0 : (100 * share).toPrecision(2)} %`;

async function reconstructCommand(options: ReconstructOptions): Promise<void> {
  const given = <T>(value: T | undefined, name: string, what: string): T => {
    if (value === undefined) throw new UsageError(`${name}: expected ${what}, got nothing. Add it.`);
    return value;
  };
  const input = given(options.indir, '--indir', 'a folder of snapshots');
  const output = given(options.outdir, '--outdir', 'a folder');
  const sigmaRels = given(options.outstd, '--outstd', 'EMA lengths such as 0.05,0.10,...,0.25');
  const { t, outkimg, normalize, overwrite, force } = options;
  const result = await interruptible(
    'averages that were not whole yet are gone; the same command begins again',
    (signal) =>
      withByteProgress('reconstructing', (onProgress) =>
        inOwnWords(SPELLINGS, () =>
          reconstructFiles({
            input,
            output,
            sigmaRels,
            t,
            kimg: outkimg,
            normalize,
            overwrite,
            force,
            dtype: options.outfp === undefined ? undefined : `float${options.outfp}`,
            prefix: options.outprefix,
            skipExisting: options.skip,
            verify: true,
            signal,
            onProgress,
          }),
        ),
      ),
  );
  for (const { warnings, skipped } of result.outputs)
    if (!skipped) for (const line of warnings) say(`warning: ${line}`);
  if (options.json) return print(JSON.stringify(result));
  for (const line of [...result.assumptions.map((each) => `assumed: ${each}`), ...result.copies]) say(line);
  for (const { path, skipped, profileError } of result.outputs)
    print(`${path}  ${skipped ? 'there already' : `profile error ${percent(profileError)}`}`);
}

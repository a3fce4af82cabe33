import { formatBytes } from '@edm2/command/format-bytes';
import type { Io } from '@edm2/command/io';
import { type Command, Option } from 'commander';
import type { FloatTypeName } from '../float-type.js';
import { reconstructFiles } from '../reconstruct.js';
import { formatCount, formatShare, parseDtype, parseLengths, parsePositive, parseTensorLengths } from './numbers.js';
import { type OpenCommandOptions, openingOf, withOpenOptions, withTime } from './open-options.js';
import { createProgress } from './progress.js';
import { table } from './table.js';

interface ReconstructCommandOptions extends OpenCommandOptions {
  readonly indir?: string;
  readonly output?: string;
  readonly outdir?: string;
  readonly sigmaRel?: number[];
  readonly outstd?: number[];
  readonly t?: number;
  readonly outkimg?: number;
  readonly dtype?: FloatTypeName;
  readonly outfp?: FloatTypeName;
  readonly prefix?: string;
  readonly tensorSigmaRel?: Record<string, number>;
  readonly model?: string;
  readonly outprefix?: string;
  readonly skip?: true;
  readonly overwrite?: true;
  readonly normalize: boolean;
  readonly verify: boolean;
  readonly threads?: number;
  readonly json?: true;
}

/** `phema reconstruct`. Option names of EDM2's own tool work too; the help shows ours. */
export function addReconstructCommand(program: Command, io: Io): void {
  const alias = (flags: string, parse: (text: string) => unknown = (text) => text) =>
    new Option(flags).argParser(parse).hideHelp();
  const command = program
    .command('reconstruct')
    .description('Make averages of any lengths from stored ones, all in one pass.')
    .argument('[folder]', 'folder of PREFIX-KIMG-STD.safetensors or .pkl files, or of INDEX.STEP.pt of ema-pytorch')
    .option('--output <folder>', 'where results go; for one length also FILE.safetensors')
    .option('--sigma-rel <lengths>', 'lengths to make, such as 0.12 or 0.05,0.10,...,0.25', parseLengths)
    .option('--tensor-sigma-rel <lengths>', 'lengths of single tensors: *.emb_*=0.05,out=0.2', parseTensorLengths);
  withOpenOptions(withTime(command))
    .option(
      '--model <file>',
      "checkpoint of the model itself: its integers and booleans, which ema-pytorch's files lack",
    )
    .option('--no-normalize', 'leave the weights as Algorithm 3 gives them, not divided by their sum')
    .option('--dtype <type>', 'float16, bfloat16, float32 or float64 (default: as stored)', parseDtype)
    .addOption(new Option('--prefix <name>', "first part of the results' names").default('phema', 'phema'))
    .option('--threads <count>', 'threads that read and sum (default: as many as processors, at most 4)', parsePositive)
    .option('--skip', 'leave existing results alone that were made in the same way')
    .option('--overwrite', "replace existing files of the results' names")
    .option('--no-verify', 'do not compare the files with their checksums first')
    .option('--json', 'print one JSON object')
    .addOption(alias('--indir <folder>'))
    .addOption(alias('--outdir <folder>'))
    .addOption(alias('--outstd <lengths>', parseLengths))
    .addOption(alias('--outfp <bits>', parseDtype))
    .addOption(alias('--verify').default(true))
    .addOption(alias('--outprefix <name>'));
  command.action(async (folder: string | undefined, options: ReconstructCommandOptions) => {
    const given = <T>(value: T | undefined, what: string): T =>
      value ?? command.error(`error: expected ${what}`, { exitCode: 2 });
    const request = {
      input: given(folder ?? options.indir, 'a folder of snapshots'),
      output: given(options.output ?? options.outdir, '--output FOLDER'),
      sigmaRels: given(options.sigmaRel ?? options.outstd, '--sigma-rel LENGTHS'),
    };
    if (options.verify && io.err.isTTY)
      io.err.write('comparing the files with their checksums (--no-verify skips this)\n');
    const progress = createProgress(io);
    const started = Date.now();
    const result = await reconstructFiles({
      ...openingOf(options, io.signal),
      ...request,
      t: options.t,
      kimg: options.outkimg,
      dtype: options.dtype ?? options.outfp,
      tensorSigmaRels: options.tensorSigmaRel,
      model: options.model,
      normalize: options.normalize,
      prefix: options.outprefix ?? options.prefix,
      skipExisting: options.skip,
      overwrite: options.overwrite,
      verify: options.verify,
      threads: options.threads,
      onProgress: progress.update,
    }).finally(progress.done);
    const seconds = (Date.now() - started) / 1000;
    const { outputs, t, unit, snapshots, bytesRead, assumptions, copies } = result;
    for (const warning of outputs.flatMap((output) => (output.skipped ? [] : output.warnings)))
      io.err.write(`warning: ${warning}\n`);
    if (options.json) return io.out(JSON.stringify({ ...result, seconds }));
    const rate = `${formatBytes(bytesRead)} in ${seconds.toFixed(1)} s`;
    io.out(
      [
        `${outputs.length} ${outputs.length === 1 ? 'average' : 'averages'} at ${formatCount(t)} ${unit} from ${snapshots} snapshots (${rate}):`,
        table(
          ['length', 'profile error', 'file'],
          outputs.map(({ sigmaRel, profileError, path, skipped }) => [
            String(sigmaRel),
            formatShare(profileError),
            skipped ? `${path} (there already)` : path,
          ]),
        ),
        ...assumptions.map((line) => `assumed: ${line}`),
        ...copies,
      ].join('\n'),
    );
  });
}

import { kimgToNimg } from '@edm2/tensor-files';
import { type Command, Option } from 'commander';
import type { FloatTypeName } from '../float-type.js';
import { reconstructFiles } from '../reconstruct.js';
import type { Io } from './io.js';
import {
  collect,
  formatBytes,
  formatCount,
  formatShare,
  parseCount,
  parseDtype,
  parseLengths,
  parsePositive,
  parseTensorLengths,
  parseTrack,
} from './numbers.js';
import { createProgress } from './progress.js';
import { table } from './table.js';

interface ReconstructCommandOptions {
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
  readonly track?: number[];
  readonly updateEvery?: number;
  readonly allow?: string[];
  readonly tensorSigmaRel?: Record<string, number>;
  readonly outprefix?: string;
  readonly skip?: true;
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
    .option('--tensor-sigma-rel <lengths>', 'lengths of single tensors: *.emb_*=0.05,out=0.2', parseTensorLengths)
    .option('--track <lengths>', 'for ema-pytorch: the sigma_rels that it tracked, in order', parseTrack)
    .option('--update-every <steps>', 'for ema-pytorch: its update_every', parsePositive)
    .option('--allow <name>', 'a further name that a pickle may use, as module.Name (repeatable)', collect)
    .option('--t <images>', 'time of the averages, default the last stored', parseCount)
    .option('--dtype <type>', 'float16, bfloat16, float32 or float64; default as stored', parseDtype)
    .option('--prefix <name>', "first part of the results' names", 'phema')
    .option('--threads <count>', 'threads that read and sum, default as many as processors, at most 4', parsePositive)
    .option('--skip', 'leave results alone that are there already')
    .option('--no-verify', 'do not first compare every file with the checksum that it carries')
    .option('--json', 'print one JSON object')
    .addOption(alias('--indir <folder>'))
    .addOption(alias('--outdir <folder>'))
    .addOption(alias('--outstd <lengths>', parseLengths))
    .addOption(alias('--outkimg <kimg>', parsePositive))
    .addOption(alias('--outfp <bits>', parseDtype))
    .addOption(alias('--verify').default(true))
    .addOption(alias('--outprefix <name>'));
  command.action(async (folder: string | undefined, options: ReconstructCommandOptions) => {
    const given = <T>(value: T | undefined, what: string): T =>
      value ?? command.error(`error: expected ${what}`, { exitCode: 2 });
    const dtype = options.dtype ?? options.outfp;
    const t = options.t ?? (options.outkimg === undefined ? undefined : kimgToNimg(options.outkimg));
    const request = {
      input: given(folder ?? options.indir, 'a folder of snapshots'),
      output: given(options.output ?? options.outdir, '--output FOLDER'),
      sigmaRels: given(options.sigmaRel ?? options.outstd, '--sigma-rel LENGTHS'),
    };
    if (options.verify && io.err.isTTY)
      io.err.write('comparing the files with their checksums (--no-verify leaves that out)\n');
    const progress = createProgress(io.err, io.now);
    const started = Date.now();
    const result = await reconstructFiles({
      ...request,
      t,
      dtype,
      track: options.track,
      updateEvery: options.updateEvery,
      allow: options.allow,
      tensorSigmaRels: options.tensorSigmaRel,
      prefix: options.outprefix ?? options.prefix,
      skipExisting: options.skip,
      verify: options.verify,
      threads: options.threads,
      signal: io.signal,
      onProgress: progress.update,
    }).finally(progress.done);
    const seconds = (Date.now() - started) / 1000;
    for (const warning of result.outputs.flatMap((output) => (output.skipped ? [] : output.warnings)))
      io.err.write(`warning: ${warning}\n`);
    if (options.json) return io.out(JSON.stringify({ ...result, seconds }));
    const rate = `${formatBytes(result.bytesRead)} in ${seconds.toFixed(1)} s`;
    io.out(
      [
        `${result.outputs.length} averages at ${formatCount(result.t)} images from ${result.snapshots} snapshots (${rate}):`,
        table(
          ['length', 'profile error', 'file'],
          result.outputs.map(({ sigmaRel, profileError, path, skipped }) => [
            String(sigmaRel),
            formatShare(profileError),
            skipped ? `${path} (there already)` : path,
          ]),
        ),
      ].join('\n'),
    );
  });
}

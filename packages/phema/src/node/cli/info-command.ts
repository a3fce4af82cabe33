import { formatBytes } from '@edm2/command/format-bytes';
import type { Io } from '@edm2/command/io';
import { writeFileAtomic } from '@edm2/tensor-files';
import type { Command } from 'commander';
import { USEFUL_SIGMA_RELS } from '../../plan.js';
import { selectSnapshots } from '../select.js';
import { openSnapshots } from '../snapshots.js';
import { normalizing } from './normalizing.js';
import { formatCount, formatShare } from './numbers.js';
import { lengthsOption, type OpenCommandOptions, openingOf, withOpenOptions, withTime } from './open-options.js';
import { errorPicture } from './picture.js';
import { errorBar, table } from './table.js';

interface InfoCommandOptions extends OpenCommandOptions {
  readonly sigmaRel: number[];
  readonly t?: number;
  readonly outkimg?: number;
  readonly normalize: boolean;
  readonly picture?: string;
  readonly verify?: true;
  readonly json?: true;
}

/** `phema info`: what a folder holds and what can be made of it. */
export function addInfoCommand(program: Command, io: Io): void {
  const command = program
    .command('info')
    .description('What a folder of snapshots can reconstruct, with the error to expect of each length.')
    .argument('<folder>', 'folder of PREFIX-KIMG-STD.safetensors or .pkl files, or of INDEX.STEP.pt of ema-pytorch')
    .addOption(lengthsOption('--sigma-rel', 'lengths to predict', USEFUL_SIGMA_RELS));
  withOpenOptions(withTime(command))
    .option('--no-normalize', 'leave the weights as Algorithm 3 gives them, not divided by their sum')
    .option('--picture <file>', 'draw the errors over the lengths as an SVG')
    .option('--verify', 'compare every file with the checksum that it carries')
    .option('--json', 'print one JSON object')
    .action((folder: string, options: InfoCommandOptions) => infoCommand(folder, options, io));
}

async function infoCommand(folder: string, options: InfoCommandOptions, io: Io): Promise<void> {
  const { t, outkimg: kimg, normalize } = options;
  const set = await openSnapshots(folder, openingOf(options, io.signal));
  try {
    if (options.verify) await set.verify({ signal: io.signal });
    const selection = selectSnapshots('info', set, { t, kimg, normalize });
    const rows = options.sigmaRel.map((sigmaRel) => {
      const { weights: _, warnings: __, ...quality } = selection.synthesise(sigmaRel);
      return { sigmaRel, ...quality };
    });
    if (options.picture !== undefined)
      await writeFileAtomic(options.picture, errorPicture(selection.synthesise, set.sigmaRels), { signal: io.signal });
    const { snapshots, sigmaRels, times, entries, values, dtype, bytes, ignored, unit, assumptions } = set;
    if (options.json) {
      const facts = {
        folder,
        snapshots: snapshots.length,
        sigmaRels,
        times,
        unit,
        tensors: entries.size,
        values,
        dtype,
      };
      const all = { ...facts, bytes: bytes * snapshots.length, t: selection.t, isStored: selection.isStored };
      return io.out(JSON.stringify({ ...all, ignored, assumptions, normalize, rows }));
    }
    const refused = rows.filter(({ profileError }) => profileError > selection.maxProfileError);
    const stored = selection.isStored ? '' : ', which is not a stored time';
    io.out(
      [
        `${folder}: ${snapshots.length} averages, ${times.length} times × lengths ${sigmaRels.join(', ')}`,
        `times    ${formatCount(times[0] ?? 0)} … ${formatCount(times.at(-1) ?? 0)} ${unit}`,
        `each     ${entries.size} tensors, ${formatCount(values)} numbers, ${dtype}, ${formatBytes(bytes)}`,
        ...assumptions.map((line) => `assumed  ${line}`),
        ...ignored.map(({ path, reason }) => `ignored  ${path}: ${reason}`),
        '',
        `At ${formatCount(selection.t)} ${unit}${stored}:`,
        table(
          ['length', 'profile error', '', 'weights sum to', 'amplification', 'storage error'],
          rows.map(({ sigmaRel, profileError, weightSum, sumAbs, storageError }) => [
            String(sigmaRel),
            formatShare(profileError),
            errorBar(profileError),
            weightSum.toFixed(5),
            `${sumAbs.toPrecision(3)}×`,
            formatShare(storageError),
          ]),
        ),
        '',
        'profile error: how far the profile that the snapshots can give is from the one asked for.',
        normalizing(normalize),
        'amplification: Σ|weights|. storage error: rounding of the stored numbers after it, relative to a weight, at most.',
        ...(refused.length > 0
          ? [`Beyond ${formatShare(selection.maxProfileError)} reconstruct refuses a length, unless --force is given.`]
          : []),
      ].join('\n'),
    );
  } finally {
    await set.close();
  }
}

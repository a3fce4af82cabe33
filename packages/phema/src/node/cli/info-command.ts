import { writeFileAtomic } from '@edm2/tensor-files';
import type { Command } from 'commander';
import { USEFUL_SIGMA_RELS } from '../../plan.js';
import { selectSnapshots } from '../select.js';
import { openSnapshots } from '../snapshots.js';
import type { Io } from './io.js';
import {
  collect,
  formatBytes,
  formatCount,
  formatShare,
  parseCount,
  parseLengths,
  parsePositive,
  parseTrack,
} from './numbers.js';
import { errorPicture } from './picture.js';
import { errorBar, table } from './table.js';

interface InfoCommandOptions {
  readonly sigmaRel: number[];
  readonly t?: number;
  readonly track?: number[];
  readonly updateEvery?: number;
  readonly allow?: string[];
  readonly picture?: string;
  readonly verify?: true;
  readonly json?: true;
}

/** `phema info`: what a folder holds and what can be made of it. */
export function addInfoCommand(program: Command, io: Io): void {
  program
    .command('info')
    .description('What a folder of snapshots can reconstruct, with the error to expect of each length.')
    .argument('<folder>', 'folder of PREFIX-KIMG-STD.safetensors or .pkl files, or of INDEX.STEP.pt of ema-pytorch')
    .option('--sigma-rel <lengths>', 'lengths to predict', parseLengths, [...USEFUL_SIGMA_RELS])
    .option('--t <images>', 'time of the averages, default the last stored', parseCount)
    .option('--track <lengths>', 'for ema-pytorch: the sigma_rels that it tracked, in order', parseTrack)
    .option('--update-every <steps>', 'for ema-pytorch: its update_every', parsePositive)
    .option('--allow <name>', 'a further name that a pickle may use, as module.Name (repeatable)', collect)
    .option('--picture <file>', 'draw the errors over the lengths as an SVG')
    .option('--verify', 'compare every file with the checksum that it carries')
    .option('--json', 'print one JSON object')
    .action(async (folder: string, options: InfoCommandOptions) => {
      const set = await openSnapshots(folder, options);
      try {
        if (options.verify) await set.verify({ signal: io.signal });
        const selection = selectSnapshots('info', set, options.t);
        const rows = options.sigmaRel.map((sigmaRel) => {
          const { weights: _, warnings: __, ...quality } = selection.synthesise(sigmaRel);
          return { sigmaRel, ...quality };
        });
        const facts = {
          folder,
          snapshots: set.snapshots.length,
          sigmaRels: set.sigmaRels,
          times: set.times,
          tensors: set.entries.size,
          values: set.values,
          dtype: set.dtype,
          bytes: set.bytes * set.snapshots.length,
          t: selection.t,
          ignored: set.ignored,
        };
        if (options.picture !== undefined)
          await writeFileAtomic(options.picture, errorPicture(selection.synthesise, set.sigmaRels), {
            signal: io.signal,
          });
        if (options.json) return io.out(JSON.stringify({ ...facts, rows }));
        io.out(
          [
            `${folder}: ${facts.snapshots} averages, ${set.times.length} times × lengths ${set.sigmaRels.join(', ')}`,
            `times    ${formatCount(set.times[0] ?? 0)} … ${formatCount(set.times.at(-1) ?? 0)} images`,
            `each     ${set.entries.size} tensors, ${formatCount(set.values)} numbers, ${set.dtype}, ${formatBytes(set.bytes)}`,
            ...set.ignored.map(({ path, reason }) => `ignored  ${path}: ${reason}`),
            '',
            `At ${formatCount(selection.t)} images:`,
            table(
              ['length', 'profile error', '', 'amplification', 'storage error'],
              rows.map(({ sigmaRel, profileError, sumAbs, storageError }) => [
                String(sigmaRel),
                formatShare(profileError),
                errorBar(profileError),
                `${sumAbs.toPrecision(3)}×`,
                formatShare(storageError),
              ]),
            ),
            '',
            'profile error: how far the profile that the snapshots can give is from the one asked for.',
            'amplification: Σ|weights|. storage error: rounding of the stored numbers after it, relative to a weight, at most.',
          ].join('\n'),
        );
      } finally {
        await set.close();
      }
    });
}

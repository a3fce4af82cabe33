import type { CommandOptions } from '../options/command-options.js';

/** One training of the table. */
export interface SmallRun {
  /** Folder of the run and key of its line: `500-augment`. */
  readonly name: string;
  /** Images that are trained on. */
  readonly size: number;
  /** What differs from the basis, as options of the command. */
  readonly change: Pick<
    CommandOptions,
    'lr' | 'decay' | 'pMean' | 'pStd' | 'dropout' | 'augment' | 'channels' | 'xflip'
  >;
}

/** What every run has in common: a network of 16 channels, so that a run takes minutes, trained as the main job's. */
export const BASIS = { channels: 16, batch: 16, lr: 0.012, decay: 500, pMean: -0.8, pStd: 1.4 } as const;

const CHANGES: Readonly<Record<string, SmallRun['change']>> = {
  basis: {},
  'augment-0.12': { augment: 0.12 },
  'dropout-0.1': { dropout: 0.1 },
  'lr-0.006': { lr: 0.006 },
  'channels-32': { channels: 32 },
  'lower-sigma': { pMean: -1.2, pStd: 1.2 },
  'augment-0.3': { augment: 0.3 },
  'decay-2000': { decay: 2000 },
  'channels-32-augment-0.12': { channels: 32, augment: 0.12 },
  'lr-0.024': { lr: 0.024 },
  'higher-sigma': { pMean: -0.4, pStd: 1.0 },
  'dropout-0.2': { dropout: 0.2 },
  xflip: { xflip: true },
};

const run = (size: number, change: string): SmallRun => ({
  name: `${size}-${change}`,
  size,
  change: CHANGES[change] ?? {},
});

/** The table, what tells most first: a machine that is stopped early has the rows that matter. */
export const RUNS: readonly SmallRun[] = [
  run(500, 'basis'),
  run(500, 'augment-0.12'),
  run(4000, 'basis'),
  run(500, 'dropout-0.1'),
  run(500, 'channels-32'),
  run(4000, 'augment-0.12'),
  run(500, 'lr-0.006'),
  run(2000, 'basis'),
  run(2000, 'augment-0.12'),
  ...[500, 4000, 2000].flatMap((size) => Object.keys(CHANGES).map((change) => run(size, change))),
].filter(({ name }, i, all) => all.findIndex((other) => other.name === name) === i);

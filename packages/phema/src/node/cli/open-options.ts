import { collect } from '@edm2/command/readers';
import { type Command, Option } from 'commander';
import type { OpenSnapshotsOptions } from '../snapshots.js';
import { parseGammas, parseLengths, parsePositive, parseTrack, positiveCount } from './numbers.js';

/** An option of lengths, with a default that reads as it would be typed. */
export const lengthsOption = (flag: string, what: string, lengths: readonly number[]): Option =>
  new Option(`${flag} <lengths>`, what).argParser(parseLengths).default([...lengths], lengths.join(','));

/** What every command that opens snapshots is told of them. */
export interface OpenCommandOptions {
  readonly track?: number[];
  readonly gammas?: number[];
  readonly updateEvery?: number;
  readonly allow?: string[];
  readonly force?: true;
}

/** Adds what file names leave open. */
export const withOpenOptions = (command: Command): Command =>
  command
    .option('--track <lengths>', 'for ema-pytorch: the sigma_rels that it tracked, in order', parseTrack)
    .option('--gammas <exponents>', 'for ema-pytorch: its gammas, in order, if it was given those', parseGammas)
    .option(
      '--update-every <steps>',
      'for ema-pytorch: its update_every (default: found from the averages)',
      parsePositive,
    )
    .option('--allow <name>', 'a further name that a pickle may use, as module.Name (repeatable)', collect)
    .option('--force', 'go on even if the averages contradict these options, or are far from what you ask for');

/** Adds the time; NVIDIA's spelling works too. */
export const withTime = (command: Command): Command =>
  command
    .option('--t <images>', 'time of the averages (default: the last stored)', positiveCount('--t'))
    .addOption(
      new Option('--outkimg <kimg>', 'the same by its label, thousands of images as in file names').argParser(
        parsePositive,
      ),
    );

/** The options that {@link withOpenOptions} adds, as the library takes them. */
export const openingOf = (
  { track, gammas, updateEvery, allow, force }: OpenCommandOptions,
  signal: AbortSignal,
): OpenSnapshotsOptions => ({ track, gammas, updateEvery, allow, force, signal });

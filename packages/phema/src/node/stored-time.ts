import { kimgToNimg } from '@edm2/tensor-files';
import { OptionError } from './option-error.js';

/** A time that is asked for; none: the last stored. */
export interface AskedTime {
  /** In images. */
  readonly t?: number | undefined;
  /** By its label: whole thousands of images, as in file names and EDM2's `--outkimg`. */
  readonly kimg?: number | undefined;
}

/** Where a time is among the stored ones. */
export interface FoundTime {
  readonly t: number;
  readonly isStored: boolean;
  /** The stored times on both sides of it; itself, where it is stored. */
  readonly nearest: readonly number[];
}

/** Thousands that stand in a snapshot's name. */
const labelOf = (nimg: number): number => Math.floor(nimg / 1000);

const listed = (times: readonly number[]): string =>
  times.map((time) => time.toLocaleString('en-US')).join(times.length > 2 ? ', ' : ' and ');

/**
 * The time that is meant. A label stands for the stored time that has it: 60 for 60,000 images where those are stored, and for 60,416 where
 * EDM2 stored them. Only where none does, it is turned into images as EDM2's tools do.
 *
 * @param times - stored, ascending; not empty.
 * @param unit - what they count.
 * @throws {OptionError} when two stored times have the label, or the time lies outside the stored ones.
 */
export function findTime(fn: string, times: readonly number[], unit: string, asked: AskedTime = {}): FoundTime {
  const { t, kimg } = asked;
  if (t !== undefined && kimg !== undefined)
    throw new OptionError(
      (option) =>
        `${fn}: expected one time, got ${option('t')} and ${option('kimg')}. ${option('t')} counts ${unit}, ${option('kimg')} thousands of them.`,
    );
  if (kimg !== undefined) return byLabel(fn, times, unit, kimg);
  const time = t ?? (times.at(-1) as number);
  const found = placeOf(times, time);
  if (outside(times, time))
    throw new OptionError((option) =>
      [
        `${fn}: expected a time from ${times[0]} to ${times.at(-1)} ${unit}, the stored ones, got ${time}.`,
        `An average cannot reach beyond its snapshots: the nearest stored time is ${listed(found.nearest)} (${option('t')}).`,
      ].join(' '),
    );
  return found;
}

function byLabel(fn: string, times: readonly number[], unit: string, kimg: number): FoundTime {
  const bearing = times.filter((time) => labelOf(time) === kimg);
  const [only] = bearing;
  if (only !== undefined && bearing.length === 1) return placeOf(times, only);
  if (bearing.length > 1)
    throw new OptionError(
      (option) =>
        `${fn}: expected the label of one stored time, got ${kimg}, the label of ${listed(bearing)} ${unit}. Give one of them as ${option('t')}.`,
    );
  const time = times.every((each) => each % 1024 === 0) ? kimgToNimg(kimg) : 1000 * kimg;
  const found = placeOf(times, time);
  if (outside(times, time))
    throw new OptionError((option) =>
      [
        `${fn}: expected the label of a stored time, from ${labelOf(times[0] ?? 0)} to ${labelOf(times.at(-1) ?? 0)}, got ${kimg}.`,
        `The nearest stored time is ${listed(found.nearest)} ${unit}:`,
        `${option('kimg')} ${found.nearest.map(labelOf).join(' or ')}.`,
      ].join(' '),
    );
  return found;
}

const outside = (times: readonly number[], time: number): boolean =>
  !(time >= (times[0] as number) && time <= (times.at(-1) as number));

function placeOf(times: readonly number[], t: number): FoundTime {
  if (times.includes(t)) return { t, isStored: true, nearest: [t] };
  const before = times.filter((time) => time < t).slice(-1);
  const after = times.filter((time) => time > t).slice(0, 1);
  return { t, isStored: false, nearest: [...before, ...after] };
}

/** For a message: the nearest stored times. */
export const nearestInWords = ({ nearest }: FoundTime): string => listed(nearest);

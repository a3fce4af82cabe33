import { basename } from 'node:path';

/** What a snapshot's name says of it. */
export interface SnapshotLabel {
  /** Relative length of the average. */
  readonly sigmaRel: number;
  /** Images seen when it was stored. */
  readonly nimg: number;
}

/** Options of {@link snapshotName}. */
export interface SnapshotNameOptions {
  /**
   * How the time is written. `thousands`: whole thousands, as EDM2's tools do, `0000060`; where no other file of the folder has the same.
   * `images`: all of it, `0000060.416`. Default: the former where it stands for this time alone, else the latter, so that no two
   * labels have one name.
   */
  readonly time?: 'thousands' | 'images' | undefined;
}

/** A name, taken apart. */
export interface ParsedSnapshotName extends SnapshotLabel {
  readonly prefix: string;
  /** False where the name holds whole thousands only and `nimg` is what EDM2's training means by them. */
  readonly exact: boolean;
}

/** Digits of the thousands, at least; decimals of a length, at least. */
const [TIME_DIGITS, LENGTH_DECIMALS] = [7, 3];

const NAME = /^(.*)-(\d+)(?:\.(\d{3,}))?-(\d+\.\d+)\.(?:safetensors|pkl)$/;

/**
 * Images behind the thousands in a file name. Names round down, and EDM2 stores at multiples of 1024 images:
 * `⌊(kimg·1000 + 999) / 1024⌋·1024`.
 */
export const kimgToNimg = (kimg: number): number => Math.floor((kimg * 1000 + 999) / 1024) * 1024;

/**
 * Multiples of this many images have the short name that published snapshots have: 128Ki, of which those are multiples. The whole thousand
 * below then has the long one.
 */
const PUBLISHED = 2 ** 17;

/**
 * `PREFIX-KIMG-STD.safetensors`: seven digits of thousands of images, three decimals of length or as many as it has. A time that whole
 * thousands do not tell has its images as decimals: `phema-0000001.200-0.120.safetensors`.
 *
 * @throws {RangeError} when a number is negative or not finite.
 */
export function snapshotName(prefix: string, label: SnapshotLabel, options: SnapshotNameOptions = {}): string {
  return `${prefix}-${snapshotTime(label.nimg, options)}-${lengthText(label.sigmaRel)}.safetensors`;
}

/** The label in a name of {@link snapshotName} or of EDM2's tools; undefined for other names. */
export function parseSnapshotName(path: string): ParsedSnapshotName | undefined {
  const [, prefix = '', thousands, rest, length] = NAME.exec(basename(path)) ?? [];
  if (thousands === undefined) return undefined;
  const nimg =
    rest === undefined ? kimgToNimg(Number(thousands)) : Number(`${thousands}${rest.slice(0, 3)}.${rest.slice(3)}`);
  return { prefix, sigmaRel: Number(length), nimg, exact: rest !== undefined };
}

/**
 * A time as it stands in names.
 *
 * @throws {RangeError} when it is negative or not finite.
 */
export function snapshotTime(nimg: number, { time }: SnapshotNameOptions = {}): string {
  const [whole = '0', fraction = ''] = decimal('nimg', nimg).split('.');
  const thousands = whole.slice(0, -3).padStart(TIME_DIGITS, '0');
  const short = time === undefined ? isTold(nimg) : time === 'thousands';
  return short ? thousands : `${thousands}.${whole.slice(-3).padStart(3, '0')}${fraction}`;
}

/** Whether whole thousands stand for this very time: of each thousand one time only. */
function isTold(nimg: number): boolean {
  const thousands = Math.floor(nimg / 1000);
  const published = kimgToNimg(thousands);
  return nimg === (published > 0 && published % PUBLISHED === 0 ? published : thousands * 1000);
}

function lengthText(sigmaRel: number): string {
  const [whole, fraction = ''] = decimal('sigmaRel', sigmaRel).split('.');
  return `${whole}.${fraction.padEnd(LENGTH_DECIMALS, '0')}`;
}

/** The shortest decimal text that reads back as the number, without an exponent. */
function decimal(name: string, value: number): string {
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
    throw new RangeError(`snapshotName: expected ${name} ≥ 0, got ${value}. Give the number of images, and a length.`);
  const [digits = '', exponent] = String(value).split('e');
  if (exponent === undefined) return digits;
  const [whole = '', fraction = ''] = digits.split('.');
  const shift = Number(exponent);
  // Numbers have at most 17 digits, and an exponent from 21 on.
  return shift > 0 ? whole + fraction.padEnd(shift, '0') : `0.${'0'.repeat(-shift - 1)}${whole}${fraction}`;
}

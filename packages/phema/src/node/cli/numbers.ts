import { InvalidArgumentError } from 'commander';
import { type FloatTypeName, parseFloatType } from '../float-type.js';

const SUFFIXES: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};

/** More lengths than this in one list is a slip of the step, not a wish. */
const MAX_LIST = 1000;

/** `2048Mi`, `150M`, `1.5Gi`, `4096`. @throws {InvalidArgumentError} */
export function parseCount(text: string): number {
  const [, digits, suffix = ''] = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|k|K|M|G)?$/.exec(text.trim()) ?? [];
  const value = Number(digits) * (SUFFIXES[suffix] ?? Number.NaN);
  if (!(value > 0 && Number.isSafeInteger(value)))
    throw new InvalidArgumentError('Expected a whole number such as 4096, 150M or 2048Mi.');
  return value;
}

/** A whole number ≥ 1. @throws {InvalidArgumentError} */
export function parsePositive(text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value >= 1)) throw new InvalidArgumentError('Expected a whole number ≥ 1.');
  return value;
}

/** `8,16,32`. @throws {InvalidArgumentError} */
export const parsePositives = (text: string): number[] => text.split(',').map(parsePositive);

/** `0.05`, `0.05,0.10`, `0.05,0.10,...,0.25` (the step is that of the two before). @throws {InvalidArgumentError} */
export function parseLengths(text: string): number[] {
  const parts = text.split(',').map((part) => part.trim());
  const values: number[] = [];
  for (let i = 0; i < parts.length; i++) {
    if (parts[i] !== '...') {
      values.push(parseLength(parts[i] ?? ''));
      continue;
    }
    const [from, last] = values.slice(-2);
    const end = parseLength(parts[++i] ?? '');
    if (from === undefined || last === undefined || !(end > last && last > from))
      throw new InvalidArgumentError(
        'Expected two rising lengths before "..." and a larger one after it, such as 0.05,0.10,...,0.25.',
      );
    const step = last - from;
    const count = Math.floor((end - last) / step + 1e-6);
    if (count > MAX_LIST) throw new InvalidArgumentError(`Expected at most ${MAX_LIST} lengths. Take larger steps.`);
    // Ten digits: 0.05 + 3 × 0.05 is 0.2, not 0.20000000000000001.
    for (let k = 1; k <= count; k++) values.push(Number((last + k * step).toPrecision(10)));
    if (Math.abs((values.at(-1) ?? 0) - end) > 1e-9) values.push(end);
  }
  if (new Set(values).size !== values.length) throw new InvalidArgumentError('Expected each length once.');
  return values;
}

/** `0.05,0.28`, in the order given. @throws {InvalidArgumentError} */
export const parseTrack = (text: string): number[] => text.split(',').map((part) => parseLength(part.trim()));

/** `16.97,6.94`, in the order given. @throws {InvalidArgumentError} */
export const parseGammas = (text: string): number[] =>
  text.split(',').map((part) => {
    const value = part.trim() === '' ? Number.NaN : Number(part);
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
      throw new InvalidArgumentError(`Expected exponents ≥ 0, got "${part}".`);
    return value;
  });

/** `*.emb_*=0.05,out=0.2` @throws {InvalidArgumentError} */
export const parseTensorLengths = (text: string): Record<string, number> =>
  Object.fromEntries(
    text.split(',').map((part) => {
      const at = part.lastIndexOf('=');
      if (at < 1) throw new InvalidArgumentError(`Expected PATTERN=LENGTH, got "${part}".`);
      return [part.slice(0, at).trim(), parseLength(part.slice(at + 1).trim())];
    }),
  );

/** `0.05` @throws {InvalidArgumentError} */
export function parseLength(text: string): number {
  const value = text === '' ? Number.NaN : Number(text);
  if (!(value > 0 && value < 0.2887)) throw new InvalidArgumentError(`Expected lengths in (0, 0.2887), got "${text}".`);
  return value;
}

/** `268,435,456` */
export const formatCount = (value: number): string => value.toLocaleString('en-US');

/** `1.2 GB` */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let unit = 0;
  let value = bytes;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`;
}

/** `3.5 %`, `0.21 %`, `< 1e-6`: as many digits as mean something. */
export const formatShare = (share: number): string =>
  !(share < Number.POSITIVE_INFINITY) ? '—' : share < 1e-6 ? '< 0.0001 %' : `${Number((100 * share).toPrecision(2))} %`;

/** `float16`, `bf16`, `32` … @throws {InvalidArgumentError} */
export function parseDtype(text: string): FloatTypeName {
  try {
    return parseFloatType('phema', text);
  } catch {
    throw new InvalidArgumentError('Expected float16, bfloat16, float32 or float64.');
  }
}

/** Values of an option that may be given several times. */
export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

import { count, numbers, numeric } from '@edm2/command/readers';
import { wholeNumber } from '@edm2/command/whole-number';
import { InvalidArgumentError } from 'commander';
import { type FloatTypeName, parseFloatType } from '../float-type.js';

/** `2048Mi`, `150M`, `4096`, from 1 on. */
export const positiveCount = (name: string) => count(name, { least: 1 });

/** A whole number ≥ 1. @throws {InvalidArgumentError} */
export const parsePositive = wholeNumber();

/** `8,16,32`. @throws {InvalidArgumentError} */
export const parsePositives = (text: string): number[] => text.split(',').map(parsePositive);

/** `0.05`, `0.05,0.10`, `0.05,0.10,...,0.25` (the step is that of the two before). @throws {InvalidArgumentError} */
export const parseLengths = (text: string): number[] => numbers('lengths')(text).map(inRange);

/** `0.05,0.28`, in the order given. @throws {InvalidArgumentError} */
export const parseTrack = (text: string): number[] => text.split(',').map((part) => parseLength(part.trim()));

/** `16.97,6.94`, in the order given. @throws {InvalidArgumentError} */
export const parseGammas = (text: string): number[] =>
  text.split(',').map((part) => {
    const value = numeric(part);
    if (value < 0) throw new InvalidArgumentError(`Expected exponents ≥ 0, got "${part}".`);
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
export const parseLength = (text: string): number => inRange(numeric(text));

function inRange(length: number): number {
  if (!(length > 0 && length < 0.2887))
    throw new InvalidArgumentError(`Expected lengths in (0, 0.2887), got ${length}.`);
  return length;
}

/** `268,435,456` */
export const formatCount = (value: number): string => value.toLocaleString('en-US');

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

import { DatasetError } from './errors.js';
import { MAX_RESOLUTION } from './limits.js';

/** What crops and resizes images, for errors. */
export const CONVERT = 'edm2 dataset convert does, and convertDataset of @edm2/dataset/convert';

const isPowerOfTwo = (n: number): boolean => Number.isInteger(n) && n >= 1 && Math.log2(n) % 1 === 0;

/** @throws {DatasetError} when a side is not a power of two up to {@link MAX_RESOLUTION}. */
export function checkPowerOfTwo(where: string, file: string, side: number): void {
  if (isPowerOfTwo(side) && side <= MAX_RESOLUTION) return;
  throw new DatasetError({
    code: isPowerOfTwo(side) ? 'too-large' : 'not-power-of-two',
    where,
    file,
    expected: `a resolution that is a power of two, at most ${MAX_RESOLUTION}`,
    got: `${side}×${side} in ${file}`,
    remedy: `Resize the images, for example to 32, 64 or 256 pixels a side: ${CONVERT}`,
  });
}

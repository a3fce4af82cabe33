/** Largest count or bound: what an Int32Array can index and hold. */
const MAX_COUNT = 0x7fffffff;

/** @throws {RangeError} when `value` is not an integer from `least` to 2³¹ − 1. */
export function checkCount(fn: string, name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least || value > MAX_COUNT) {
    throw new RangeError(
      `${fn}: expected ${name} to be an integer from ${least} to ${MAX_COUNT}, got ${value}. Pass a count.`,
    );
  }
}

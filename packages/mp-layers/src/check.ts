/** @throws {RangeError} when `t` is not in [0, 1]. */
export function checkShare(fn: string, t: number): void {
  if (!(t >= 0 && t <= 1))
    throw new RangeError(`${fn}: expected 0 <= t <= 1, got ${t}. t is the share of the second argument.`);
}

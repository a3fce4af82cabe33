/** Smallest and largest of positive values, with a margin of a thirtieth of a logarithmic axis. */
export function logExtent(values: readonly number[]): [number, number] {
  const logs = values.map(Math.log);
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  const margin = (high - low || 1) / 30;
  return [Math.exp(low - margin), Math.exp(high + margin)];
}

/** 1, 2 and 5 times the powers of ten inside; over more than four of them, the powers alone. */
export function logTicks([low, high]: readonly [number, number]): number[] {
  const first = Math.floor(Math.log10(low));
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - first }, (_, i) => first + i);
  return powers
    .flatMap((power) => (powers.length > 4 ? [1] : [1, 2, 5]).map((n) => Number(`${n}e${power}`)))
    .filter((tick) => tick >= low && tick <= high);
}

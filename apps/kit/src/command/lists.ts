/** More entries than this in one list is a slip, not a wish. */
const MAX_LIST = 10_000_000;

/**
 * Whole numbers such as `0-63,100`: NVIDIA's form for seeds.
 *
 * @returns in the order given.
 * @throws {RangeError} when the text is no such list, or a number comes twice.
 */
export function parseRanges(name: string, text: string): number[] {
  const values: number[] = [];
  for (const part of text.split(',')) {
    const [, from, to = from] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part) ?? [];
    const [first, last] = [Number(from), Number(to)];
    if (!(Number.isSafeInteger(first) && Number.isSafeInteger(last) && first <= last))
      throw new RangeError(`${name}: expected whole numbers such as 0-63,100, got ${text}. Correct it.`);
    if (values.length + last - first >= MAX_LIST)
      throw new RangeError(`${name}: expected at most ${MAX_LIST} numbers, got ${text}. Take several runs.`);
    for (let value = first; value <= last; value++) values.push(value);
  }
  if (new Set(values).size !== values.length)
    throw new RangeError(`${name}: expected each number once, got ${text}. Remove the repeats.`);
  return values;
}

/**
 * Numbers such as `1.4`, `0.05,0.10`, `0.05,0.10,...,0.30` (the step is that of the two before).
 *
 * @returns in the order given.
 * @throws {RangeError} when the text is no such list, or a number comes twice.
 */
export function parseNumbers(name: string, text: string): number[] {
  const wrong = (): RangeError =>
    new RangeError(`${name}: expected numbers such as 0.05,0.10,...,0.30, got ${text}. Correct it.`);
  const numberOf = (part: string | undefined): number => {
    const value = part?.trim() ? Number(part) : Number.NaN;
    if (!Number.isFinite(value)) throw wrong();
    return value;
  };
  const parts = text.split(',');
  const values: number[] = [];
  for (let i = 0; i < parts.length; i++) {
    if (parts[i]?.trim() !== '...') {
      values.push(numberOf(parts[i]));
      continue;
    }
    const [from, last] = values.slice(-2);
    const end = numberOf(parts[++i]);
    if (from === undefined || last === undefined || !(last > from && end > last)) throw wrong();
    const count = Math.floor((end - last) / (last - from) + 1e-6);
    if (count > MAX_LIST) throw wrong();
    // Ten digits: 0.05 + 3 × 0.05 is 0.2, not 0.20000000000000001.
    for (let k = 1; k <= count; k++) values.push(Number((last + k * (last - from)).toPrecision(10)));
    if (Math.abs((values.at(-1) ?? 0) - end) > 1e-9) values.push(end);
  }
  if (new Set(values).size !== values.length)
    throw new RangeError(`${name}: expected each number once, got ${text}. Remove the repeats.`);
  return values;
}

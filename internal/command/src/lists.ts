/** Whole numbers in one list: twenty times the images of a published figure. */
const MAX_RANGES = 1_000_000;

/** Numbers in one list: every three-digit EMA length there is, and then some. */
const MAX_NUMBERS = 1000;

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
      throw new RangeError(`${name}: expected whole numbers such as 0-63,100, got ${shown(text)}. Correct it.`);
    if (values.length + last - first >= MAX_RANGES)
      throw new RangeError(
        `${name}: expected at most ${MAX_RANGES.toLocaleString('en')} numbers, got ${shown(text)}. Take several runs.`,
      );
    for (let value = first; value <= last; value++) values.push(value);
  }
  if (new Set(values).size !== values.length)
    throw new RangeError(`${name}: expected each number once, got ${shown(text)}. Remove the repeats.`);
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
    new RangeError(`${name}: expected numbers such as 0.05,0.10,...,0.30, got ${shown(text)}. Correct it.`);
  const tooMany = (): RangeError =>
    new RangeError(`${name}: expected at most ${MAX_NUMBERS} numbers, got ${shown(text)}. Take larger steps.`);
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
      if (values.length > MAX_NUMBERS) throw tooMany();
      continue;
    }
    const [from, last] = values.slice(-2);
    const end = numberOf(parts[++i]);
    if (from === undefined || last === undefined || !(last > from && end > last))
      throw new RangeError(
        `${name}: expected two rising numbers before "..." and a larger one after it, got ${shown(text)}. Correct it.`,
      );
    const count = Math.floor((end - last) / (last - from) + 1e-6);
    if (values.length + count > MAX_NUMBERS) throw tooMany();
    // Ten digits: 0.05 + 3 × 0.05 is 0.2, not 0.20000000000000001.
    for (let k = 1; k <= count; k++) values.push(Number((last + k * (last - from)).toPrecision(10)));
    if (Math.abs((values.at(-1) ?? 0) - end) > 1e-9) values.push(end);
  }
  if (new Set(values).size !== values.length)
    throw new RangeError(`${name}: expected each number once, got ${shown(text)}. Remove the repeats.`);
  return values;
}

/** Of a list, what an error shows. */
const shown = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text);

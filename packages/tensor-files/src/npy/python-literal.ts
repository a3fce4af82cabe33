/** A literal of Python: tuples and lists are arrays, dictionaries Maps. */
export type PythonLiteral = string | number | boolean | null | PythonLiteral[] | Map<PythonLiteral, PythonLiteral>;

/** Containers inside containers; a header has three. */
const MAX_DEPTH = 16;

const SPACE = /\s*/y;
const TEXT = /[bu]?(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)")/y;
const NUMBER = /[-+]?\d+L?/y;
const WORD = /True|False|None/y;

const WORDS: Readonly<Record<string, PythonLiteral>> = { True: true, False: false, None: null };

/**
 * Reads a literal, as a header of npy is one.
 *
 * @returns undefined when the text is not one, or anything but space follows it.
 */
export function parsePythonLiteral(text: string): PythonLiteral | undefined {
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at = pattern.lastIndex;
    return match ?? undefined;
  };
  const sign = (wanted: string): boolean => {
    take(SPACE);
    if (text[at] !== wanted) return false;
    at++;
    return true;
  };
  /** Items up to a closing sign; `comma` tells whether one stood after the last. */
  const items = (close: string, depth: number): { values: PythonLiteral[]; comma: boolean } | undefined => {
    const values: PythonLiteral[] = [];
    for (let comma = false; ; ) {
      if (sign(close)) return { values, comma };
      if (values.length > 0 && !comma) return undefined;
      const value = literal(depth + 1);
      if (value === undefined) return undefined;
      values.push(value);
      comma = sign(',');
    }
  };
  const pairs = (depth: number): PythonLiteral | undefined => {
    const map = new Map<PythonLiteral, PythonLiteral>();
    for (let comma = true; ; ) {
      if (sign('}')) return map;
      if (!comma) return undefined;
      const key = literal(depth + 1);
      if (key === undefined || map.has(key) || !sign(':')) return undefined;
      const value = literal(depth + 1);
      if (value === undefined) return undefined;
      map.set(key, value);
      comma = sign(',');
    }
  };
  const literal = (depth: number): PythonLiteral | undefined => {
    if (depth > MAX_DEPTH) return undefined;
    if (sign('{')) return pairs(depth);
    if (sign('[')) return items(']', depth)?.values;
    if (sign('(')) {
      const found = items(')', depth);
      // Parentheses around one value are no tuple without a comma.
      return found?.values.length === 1 && !found.comma ? found.values[0] : found?.values;
    }
    const quoted = take(TEXT);
    if (quoted) return (quoted[1] ?? quoted[2] ?? '').replace(/\\(.)/g, '$1');
    const word = take(WORD);
    if (word) return WORDS[word[0]];
    const number = take(NUMBER);
    return number && Number.parseInt(number[0], 10);
  };
  const value = literal(0);
  take(SPACE);
  return at === text.length ? value : undefined;
}

/** A key that stands twice in one object of a JSON text. */
export interface RepeatedKey {
  readonly key: string;
  /** Index into the text. */
  readonly at: number;
}

/** What JSON.parse does not tell: where the outermost object's keys stand, and the first key that any object repeats. */
export interface JsonKeys {
  /** Text index of each key of the outermost object. */
  readonly positions: ReadonlyMap<string, number>;
  readonly repeated: RepeatedKey | undefined;
}

/**
 * Walks a JSON text that JSON.parse has accepted. JSON.parse silently keeps the last of two equal keys, and two readers that keep
 * different ones see two different files; so a repeated key must be found.
 *
 * @param text - valid JSON.
 */
export function scanKeys(text: string): JsonKeys {
  const positions = new Map<string, number>();
  const open: (Set<string> | undefined)[] = []; // a set of keys for an object, undefined for an array
  let repeated: RepeatedKey | undefined;
  let i = 0;
  let expectsKey = false;
  while (i < text.length) {
    const c = text[i];
    if (c === '"') {
      const end = stringEnd(text, i);
      const keys = open.at(-1);
      if (expectsKey && keys) {
        const key: string = JSON.parse(text.slice(i, end));
        if (keys.has(key)) repeated ??= { key, at: i };
        keys.add(key);
        if (open.length === 1) positions.set(key, i);
        expectsKey = false;
      }
      i = end;
      continue;
    }
    if (c === '{') open.push(new Set());
    else if (c === '[') open.push(undefined);
    else if (c === '}' || c === ']') open.pop();
    if (c === '{' || c === ',') expectsKey = open.at(-1) !== undefined;
    i++;
  }
  return { positions, repeated };
}

/** Index just past a string that starts at `start`. */
function stringEnd(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}

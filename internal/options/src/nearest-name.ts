/** Case and separators apart: `sigma_data` and `sigmadata` are the same word as `sigmaData`. */
const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** The known name that a misspelled one is most like, if it is like any: at most a third of its letters differ, or two, or one is in the other. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  const wanted = plain(given);
  let best: string | undefined;
  let least = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const name of known) {
    const away = contains(wanted, plain(name)) ? 1 : distance(wanted, plain(name));
    if (away < least) [best, least] = [name, away];
  }
  return best;
}

/** One word in another: `numThreads` and `threads`, `eps` and `epsilon`. */
const contains = (a: string, b: string): boolean =>
  Math.min(a.length, b.length) >= MIN_PART && a !== b && (a.includes(b) || b.includes(a));
const MIN_PART = 3;

/** Letters to insert, take out or replace to make one word of the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++)
      next.push(Math.min((row[j] ?? 0) + (a[i] === b[j] ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    row = next;
  }
  return row[b.length] ?? 0;
}

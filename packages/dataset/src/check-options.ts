/**
 * Refuses keys that no option has: a misspelt one would be ignored.
 *
 * @throws {TypeError} naming them and what there is.
 */
export function checkOptions(where: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).filter((key) => !known.includes(key));
  const [first] = unknown;
  if (first === undefined) return;
  throw new TypeError(
    `${where}: expected options among ${known.join(', ')}, got ${unknown.join(', ')}. Correct the name or leave it out.`,
  );
}

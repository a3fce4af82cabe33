/**
 * Options with names that nobody knows are slips, not wishes.
 *
 * @param known - names of all options.
 * @throws {TypeError} when there is another.
 */
export function assertOptions(fn: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new TypeError(
      `${fn}: expected no options but ${known.join(', ')}, got ${unknown.join(', ')}. Correct or remove ${unknown.length > 1 ? 'them' : 'it'}.`,
    );
}

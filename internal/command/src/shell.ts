/** A word as it can be typed into a shell; quoted where it must be. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** A command and its arguments as they can be typed again. */
export const shellLine = (words: readonly string[]): string => words.map(shellWord).join(' ');

/** Arguments of a sub-command, which comes first where it is written at all; the same word later on is a value. */
export const afterSubcommand = (argv: readonly string[], name: string): readonly string[] =>
  argv[0] === name ? argv.slice(1) : argv;

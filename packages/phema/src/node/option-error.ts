/** Options that an error's remedy may name. */
const OPTIONS = {
  t: 't',
  kimg: 'kimg',
  track: 'track',
  gammas: 'gammas',
  updateEvery: 'updateEvery',
  force: 'force: true',
  overwrite: 'overwrite: true',
  skipExisting: 'skipExisting: true',
  dtype: 'dtype',
  output: 'output',
  prefix: 'prefix',
} as const;

/** Name of an option in the library. */
export type OptionName = keyof typeof OPTIONS;

/** How options are written where a message is read; undefined: the option cannot be given there. */
export type Spelling = (name: OptionName) => string;

const inLibrary: Spelling = (name) => OPTIONS[name];

/** A value that does not fit, or an option that is missing, with a remedy that names options: each command spells them its own way. */
export class OptionError extends RangeError {
  override readonly name = 'OptionError';
  readonly #words: (option: Spelling) => string;

  /** @param words - the message, given how options are spelled. */
  constructor(words: (option: Spelling) => string, options?: ErrorOptions) {
    super(words(inLibrary), options);
    this.#words = words;
  }

  /** The message in a command's spelling. */
  spelled(option: Spelling): string {
    return this.#words(option);
  }
}

/**
 * How a command names the options that errors ask for. A library's user sets options, a command's user types flags: with this, errors name
 * flags only, and leave out options for which the command has none.
 */
export interface OptionFlags {
  /** What stands before a path, such as `--data`. */
  readonly path?: string;
  readonly acceptWarnings?: string;
  /** What leaves labels out, such as `--cond false`. */
  readonly labels?: string;
  readonly split?: string;
  /** What chooses a column of images, such as `--image-column`. */
  readonly imageColumn?: string;
}

/** Names of options, as the caller would type them. */
export interface Spelling {
  /** A path to open: `--data folder/train`, or `openDataset('folder/train')`. */
  path(path: string): string;
  /** An option with its value, undefined where the caller has none. */
  option(name: Exclude<keyof OptionFlags, 'path'>): string | undefined;
}

const LIBRARY = {
  acceptWarnings: 'acceptWarnings: true',
  labels: 'labels: false',
  split: 'split',
  imageColumn: 'imageColumn:',
} as const;

export const spellingOf = (flags: OptionFlags | undefined): Spelling =>
  flags
    ? { path: (path) => (flags.path ? `${flags.path} ${quoted(path)}` : path), option: (name) => flags[name] }
    : { path: (path) => `openDataset('${path}')`, option: (name) => LIBRARY[name] };

/** A path as a shell takes it. */
const quoted = (path: string): string => (/^[\w./:@%+,=~-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`);

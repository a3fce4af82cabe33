import type { OptionName } from './option-error.js';

const FLAGS: Readonly<Record<OptionName, string>> = {
  t: '--t',
  kimg: '--outkimg',
  track: '--track',
  gammas: '--gammas',
  updateEvery: '--update-every',
  force: '--force',
  overwrite: '--overwrite',
  skipExisting: '--skip',
  dtype: '--dtype',
  output: '--output',
  prefix: '--prefix',
};

/** How the command `phema` writes an option of the library: `--outkimg`. */
export const phemaOption = (name: OptionName): string => FLAGS[name];

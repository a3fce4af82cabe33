/** Options that an error may speak of. */
export type OptionName =
  | 'path'
  | 'sigmaRel'
  | 'vae'
  | 'anyVae'
  | 'previewVae'
  | 'force'
  | 'classes'
  | 'features'
  | 'reference'
  | 'metrics';

/** How errors speak of options: as a function's, or as a command's. */
export interface Words {
  /** What stands at the head of an error about an option. */
  head(option: OptionName): string;
  /** An option in a sentence. */
  name(option: OptionName): string;
}

/** `open: expected …, pass { vae }`. */
export const functionWords = (fn: string): Words => ({ head: () => fn, name: (option) => `{ ${option} }` });

const FLAGS: Readonly<Record<OptionName, string>> = {
  path: '--net',
  sigmaRel: '--sigma-rel',
  vae: '--vae',
  anyVae: '--any-vae',
  previewVae: '--preview-vae',
  force: '--force',
  classes: '--class',
  features: '--features',
  reference: '--ref',
  metrics: '--metrics',
};

/** `--vae: expected …, add --any-vae`. */
export const commandWords: Words = { head: (option) => FLAGS[option], name: (option) => FLAGS[option] };

/** What was asked for cannot be: another option, or another file, would do. Commands end with code 2 for it. */
export class OptionError extends RangeError {
  override readonly name = 'OptionError';
  readonly code = 'EDM2_OPTION';
}

/** How whoever measures speaks: a command names its options with dashes, a function as fields. */
export interface MeasureWords {
  /** What errors begin with. */
  readonly caller: string;
  /** An option of `MeasurerOptions` as the caller knows it: `--skip-corrupt`, `{ skipCorrupt: true }`. */
  option(name: 'network' | 'skipCorrupt'): string;
  /** The command that says where weights come from. */
  weightsCommand(network: string): string;
}

/** A command as it is started: a script that Node.js runs, or a line as it was printed. */
export interface Invocation {
  readonly script?: string;
  readonly args?: readonly string[];
  readonly line?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A command that is tormented. */
export interface Subject {
  readonly name: string;
  /** Makes what it reads, once. */
  prepare(folder: string): Promise<void>;
  /**
   * What makes `dest`, or goes on with it where an earlier attempt ended.
   *
   * @param folder - working directory, where {@link prepare} has put things.
   * @param dest - folder of the result, relative to it.
   */
  start(folder: string, dest: string): Promise<Invocation>;
  /** What came out: by name, text that is the same whenever the work is. */
  results(folder: string, dest: string): Promise<ReadonlyMap<string, string>>;
  /** An input that may vanish or shrink while the command reads it. */
  readonly input?: string;
  /** Whether the first writer keeps others out. */
  readonly locks: boolean;
  dispose?(): Promise<void>;
}

import type { Row } from '../row.js';

/** What the caller may set. */
export interface BenchOptions {
  /** Turns of each side; more is steadier. */
  readonly rounds: number;
  /** Whether a part of the benchmark is asked for. */
  wants(part: string): boolean;
}

/** A named table of rows. */
export interface Bench {
  readonly name: string;
  readonly title: string;
  /** What `--only` may name. */
  readonly parts: readonly string[];
  /** Another table than a line for each row. */
  table?(rows: readonly Row[]): string;
  /** Pages that hold the figures too, beside the page of benchmarks. */
  readonly pages?: readonly string[];
  /** Rows as they are done. */
  rows(options: BenchOptions): AsyncIterable<Row>;
}

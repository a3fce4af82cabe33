import type { Row } from '../row.js';

/** What the caller may set. */
export interface BenchOptions {
  /** Turns of each side; more is steadier. */
  readonly rounds: number;
}

/** A named table of rows. */
export interface Bench {
  readonly name: string;
  readonly title: string;
  /** Rows as they are done. */
  rows(options: BenchOptions): AsyncIterable<Row>;
}

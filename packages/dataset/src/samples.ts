import type { Labels } from './labels.js';
import type { Conversion, DatasetReport } from './report.js';
import type { Dataset, Pixels } from './types.js';

/** Stored images with labels: what a reader of one format provides. Selection, mirroring and caching come after. */
export interface Samples {
  readonly kind: Dataset['kind'];
  readonly count: number;
  readonly resolution: number;
  readonly channels: number;
  readonly dtype: Dataset['dtype'];
  readonly labels: Labels;
  readonly notes?: NonNullable<Dataset['notes']>;
  readonly report: DatasetReport;
  /** Of the images read so far. */
  conversions(): Conversion[];
  name(index: number): string;
  /** `[resolution, resolution, channels]`, checked; a new array. */
  read(index: number): Promise<Pixels>;
  /** Whether decoding costs enough to keep the results. */
  readonly worthCaching: boolean;
  identity(): Promise<readonly string[]>;
  close(): Promise<void>;
}

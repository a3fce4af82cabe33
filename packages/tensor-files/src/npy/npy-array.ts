import type { NpyData, NpyDtype } from './npy-dtype.js';

/** An array of an npy or npz file, row-major and little-endian whatever order the file has. */
export interface NpyArray {
  /** Type of the values, in NumPy's spelling. */
  readonly dtype: NpyDtype;
  readonly shape: number[];
  readonly data: NpyData;
}

import type { Conversion, DatasetReport } from './report.js';

/** Pixels 0…255 of image files, or the float32 values of NPY files. */
export type Pixels = Uint8Array | Float32Array;

/** An opened dataset: square images of one size, with or without labels. Close it when done. */
export interface Dataset {
  /** The path as given to {@link openDataset}. */
  readonly path: string;
  readonly kind: 'folder' | 'zip' | 'tar' | 'parquet' | 'idx' | 'array';
  /** Number of images, mirrored copies included. */
  readonly length: number;
  /** Number of images that are stored: `length`, or half of it with `xflip`; index `i + sourceLength` is the mirror image of `i`. */
  readonly sourceLength: number;
  /** Height and width in pixels, a power of two. */
  readonly resolution: number;
  /** 1 or 3 for pixels; for arrays whatever they have (EDM2's latents: 8, means then standard deviations). */
  readonly channels: number;
  /** 'uint8' for images, 'float32' for NPY files of floats. */
  readonly dtype: 'uint8' | 'float32';
  /** Length of a label: number of classes, or length of the stored vectors; 0 without labels. */
  readonly labelDim: number;
  /** What labels are: nothing, one-hot classes, or vectors as stored. */
  readonly labelKind: 'none' | 'class' | 'vector';
  /** Names of the classes where folders gave them; otherwise empty. */
  readonly classNames: readonly string[];
  /** What opening it decided: files passed over, where labels come from. */
  readonly report?: DatasetReport;
  /** Fields of dataset.json beside the labels: of EDM2's latents encoded here, `latents` says by which autoencoder. Absent: none. */
  readonly notes?: Readonly<Record<string, unknown>>;
  /**
   * SHA-256 (hex) of what identifies the data: kind, names, labels, shape, options, and checksums (zip, IDX) or sizes (folders).
   * The same data at another path has the same fingerprint.
   */
  readonly fingerprint: string;
  /**
   * Decodes one image.
   *
   * @param index - 0 ≤ index < length.
   * @returns `[resolution, resolution, channels]`, row-major, a new array.
   * @throws {DatasetError} (rejects) when the file is damaged or differs in shape from the rest.
   * @throws {RangeError} (rejects) when the index is out of range.
   */
  read(index: number): Promise<Pixels>;
  /** Label `[labelDim]`: one-hot or as stored; empty without labels. A new array. */
  label(index: number): Float32Array;
  /** Class index, or −1 where labels are absent or vectors. */
  classOf(index: number): number;
  /** Name inside the dataset: relative path, zip entry, or `train-images-idx3-ubyte#17`. */
  name(index: number): string;
  /** What was done to the pixels of the images read so far, mirrored copies not counted again. */
  conversions?(): readonly Conversion[];
  /** Releases files and memory. Idempotent; reading afterwards rejects. */
  close(): Promise<void>;
}

/** What {@link openDataset} gives: a dataset that says what was decided. */
export interface OpenedDataset extends Dataset {
  readonly report: DatasetReport;
  conversions(): readonly Conversion[];
}

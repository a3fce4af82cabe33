import type { ConversionKind } from './decode/conversions.js';

/** Files outside the dataset, of one extension and for one reason. */
export interface PassedOver {
  /** `.bmp`; '' for none. */
  readonly extension: string;
  /** Why they are not used, in a few words. */
  readonly reason: string;
  readonly count: number;
  /** Name of the first one. */
  readonly example: string;
}

/** Where labels come from. */
export type LabelSource = 'dataset.json' | 'table' | 'folders' | 'idx' | 'array' | 'column' | 'none';

/** What {@link openDataset} decided by itself. */
export interface DatasetReport {
  /** The folder inside the path where the images begin, with '/' at its end; '' for the path itself. */
  readonly root: string;
  /** Files that are not used. */
  readonly passedOver: readonly PassedOver[];
  readonly labels: {
    readonly from: LabelSource;
    /** Where they come from, or why there are none, in a few words. */
    readonly why: string;
    /** Labels that are not used because their file is missing or not read: how many, and the name of the first. */
    readonly unused?: { readonly count: number; readonly example: string };
  };
  /** What is done to every image although no file says so, such as adding a margin. */
  readonly changes: readonly string[];
}

/** A conversion of pixels, and how many of the images read so far went through it. */
export interface Conversion {
  readonly kind: ConversionKind;
  /** In words that follow a number of images. */
  readonly what: string;
  readonly count: number;
  /** Name of the first one. */
  readonly example: string;
}

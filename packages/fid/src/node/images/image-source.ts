import type { PixelImage } from '../../dinov2/resize-pixels.js';

/** Images of a folder, a zip, or an array. */
export interface ImageSource {
  /** Sorted by name, sub-folders included. */
  readonly names: readonly string[];
  /** Other files of the place, by name, without what systems put there by themselves. */
  readonly passedOver?: readonly string[];
  /** Name for errors. */
  pathOf(name: string): string;
  /** The bytes of its file. */
  read(name: string): Promise<Uint8Array>;
  /** Its pixels, where they are stored as such. */
  readonly readPixels?: (name: string) => Promise<PixelImage>;
  /** Compares what it reads with its checksum, where one stands for all of it: images that are decoded have their own. */
  readonly verify?: (signal?: AbortSignal) => Promise<void>;
  /** Images that decode with warnings, which do no harm, are taken. Default false. */
  readonly acceptWarnings?: boolean | undefined;
  close(): Promise<void>;
}

/** The files of a folder or a zip, before anything is decoded. */
export interface FileSource {
  readonly kind: 'folder' | 'zip';
  /** Names of images and arrays: '/' between folders, sorted by code units. */
  readonly names: readonly string[];
  /** Path that an error shows for a name. */
  pathOf(name: string): string;
  /** @throws {DatasetError} (rejects) when damaged, too large or unreadable. */
  read(name: string): Promise<Uint8Array>;
  /** The text of dataset.json, if there is one. */
  readJson(): Promise<string | undefined>;
  /** What tells this content from another without reading all of it, in a fixed order. */
  identity(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** What sharp decodes from npm's build without further libraries, and NPY. */
const EXTENSIONS = /\.(png|jpe?g|webp|gif|tiff?|avif|npy)$/i;

/** Whether a file belongs to the dataset: a known extension, not hidden, not a resource fork of macOS. */
export const isSample = (name: string): boolean =>
  EXTENSIONS.test(name) && !name.startsWith('__MACOSX/') && !name.split('/').some((part) => part.startsWith('.'));

/** Order of code units, the same on every machine and locale. */
export const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

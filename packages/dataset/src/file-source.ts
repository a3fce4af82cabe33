import { basename } from 'node:path';
import type { Labelled } from './file-labels.js';
import type { PassedOver } from './report.js';

/** The files of a folder or an archive, before anything is decoded. */
export interface FileSource {
  readonly kind: 'folder' | 'zip' | 'tar' | 'parquet';
  /** Names of all files: '/' between folders, sorted by code units. */
  readonly names: readonly string[];
  /** Path that an error shows for a name. */
  pathOf(name: string): string;
  /** @throws {DatasetError} (rejects) when damaged, too large or unreadable. */
  read(name: string, maxBytes?: number): Promise<Uint8Array>;
  /**
   * Some bytes, as many as there are; undefined where the file is compressed and has to be read whole.
   *
   * @throws {DatasetError} (rejects) when damaged or unreadable.
   */
  readPart(name: string, start: number, length: number): Promise<Uint8Array | undefined>;
  /** Bytes of the content. @throws {DatasetError} (rejects) unreadable. */
  size(name: string): Promise<number>;
  /** What tells the content of these files from another without reading all of it, in a fixed order. */
  identity(names: readonly string[]): Promise<readonly string[]>;
  close(): Promise<void>;
  /** Labels that are stored beside the files. Absent: those of dataset.json, or of the folders. */
  readonly labelled?: Labelled;
  /** Files around it that are not used. */
  readonly passedOver?: readonly PassedOver[];
  /** What a report says of all its images. */
  readonly changes?: readonly string[];
}

/** The first bytes of a file, `length` or as many as there are. @throws {DatasetError} (rejects) when damaged or unreadable. */
export const readHead = async (source: FileSource, name: string, length: number): Promise<Uint8Array> =>
  (await source.readPart(name, 0, length)) ?? (await source.read(name)).subarray(0, length);

/** Names under which images and arrays go that are read. */
const EXTENSIONS = /\.(png|apng|jpe?g|jpe|jfif|jif|webp|gif|tiff?|avif|bmp|dib|p[pgbn]m|npy)$/i;

/** Hidden, or a companion file that macOS adds. */
export const isHidden = (name: string): boolean =>
  name.startsWith('__MACOSX/') || name.includes('/__MACOSX/') || name.split('/').some((part) => part.startsWith('.'));

/** Whether a file belongs to the dataset by its name: a known extension, not hidden. */
export const isSample = (name: string): boolean => EXTENSIONS.test(name) && !isHidden(name);

/** `.png`; '' without one. */
export const extensionOf = (name: string): string => /[^.](\.[^.]*)$/.exec(basename(name))?.[1]?.toLowerCase() ?? '';

/** Order of code units, the same on every machine and locale. */
export const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

import type { TensorData, TensorEntry } from '@edm2/tensor-files';

/** Type, shape and size of a stored tensor. */
export type StoredEntry = Pick<TensorEntry, 'dtype' | 'shape' | 'byteLength'>;

/** Where values lie. */
export interface StoredPlace {
  /** Descriptor of the open file. */
  readonly fd: number;
  /** First byte. */
  readonly position: number;
}

/** What ema-pytorch's wrapper stores beside the average; undefined where it does not. */
export interface Wrapper {
  readonly step: number | undefined;
  readonly initted: number | undefined;
}

/** An open file of named tensors, whatever its format. */
export interface StoredFile {
  /** Path as it was given. */
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly entries: ReadonlyMap<string, StoredEntry>;
  /** Tensors of kinds that are not read, by name: what they are. Only pickles have any. */
  readonly opaque: ReadonlyMap<string, string>;
  /** Where a tensor's values lie one after another, row-major, in an open file; undefined where they do not. */
  placeOf(name: string): StoredPlace | undefined;
  /** Values `begin` (inclusive) to `end` (exclusive) of a tensor, row-major. */
  readRange(name: string, begin: number, end: number): Promise<TensorData>;
  /** The bytes of the same values, as they are stored, into memory of the caller's. */
  readInto(name: string, begin: number, end: number, target: Uint8Array): Promise<void>;
  /** Compares the file with the checksums that it carries; false when it carries none. */
  verify(options?: { readonly signal?: AbortSignal | undefined }): Promise<boolean>;
  /** In a file of ema-pytorch. */
  readonly wrapper?: () => Promise<Wrapper>;
  close(): Promise<void>;
}

import type { TensorData, TensorEntry } from '@edm2/tensor-files';

/** Type, shape and size of a stored tensor. */
export type StoredEntry = Pick<TensorEntry, 'dtype' | 'shape' | 'byteLength'>;

/** An open file of named tensors, whatever its format; what `readSafetensors` returns is one. */
export interface StoredFile {
  /** Path as it was given. */
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly entries: ReadonlyMap<string, StoredEntry>;
  /** Values `begin` (inclusive) to `end` (exclusive) of a tensor, row-major. */
  readRange(name: string, begin: number, end: number): Promise<TensorData>;
  /** Compares the file with the checksums that it carries; false when it carries none. */
  verify(options?: { readonly signal?: AbortSignal | undefined }): Promise<boolean>;
  close(): Promise<void>;
}

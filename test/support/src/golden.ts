import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One array of a golden file, in the file's own (PyTorch) layout; bytes as the numbers that they are. */
export interface GoldenArray {
  readonly shape: number[];
  readonly data: Float32Array | Float64Array;
}

/** A golden file: arrays by name, and the metadata that says how they were made. */
export interface GoldenFile {
  readonly names: string[];
  readonly metadata: Record<string, string>;
  has(name: string): boolean;
  /** @throws {Error} when the file has no such array. */
  get(name: string): GoldenArray;
  /** All arrays below `prefix`, by the rest of their name. */
  under(prefix: string): Record<string, GoldenArray>;
}

/** Absolute path of a file in test/golden, or in EDM2_GOLDEN, which bundles of this module set. */
export const goldenPath = (file: string): string => {
  const folder = process.env['EDM2_GOLDEN'];
  return folder === undefined ? fileURLToPath(new URL(`../../golden/${file}`, import.meta.url)) : join(folder, file);
};

/**
 * Reads test/golden/`<name>`.safetensors. On purpose not through `@edm2/tensor-files`: what judges our code does not depend on it.
 */
export function readGolden(name: string): GoldenFile {
  const bytes = readFileSync(goldenPath(`${name}.safetensors`));
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    bytes.toString('utf8', 8, 8 + headerLength),
  );
  const { __metadata__: metadata = {}, ...entries } = header as typeof header & {
    __metadata__?: Record<string, string>;
  };
  const get = (key: string): GoldenArray => {
    const entry = entries[key];
    if (!entry) throw new Error(`golden ${name}: no array ${key}`);
    const [begin, end] = entry.data_offsets;
    const raw = bytes.subarray(8 + headerLength + begin, 8 + headerLength + end);
    const aligned = raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength);
    if (entry.dtype === 'F64') return { shape: entry.shape, data: new Float64Array(aligned) };
    if (entry.dtype === 'F32') return { shape: entry.shape, data: new Float32Array(aligned) };
    if (entry.dtype === 'U8') return { shape: entry.shape, data: Float32Array.from(raw) };
    if (entry.dtype === 'I32') return { shape: entry.shape, data: Float64Array.from(new Int32Array(aligned)) };
    throw new Error(`golden ${name}: ${key} has dtype ${entry.dtype}, expected F32, F64, I32 or U8`);
  };
  return {
    names: Object.keys(entries),
    metadata: metadata as Record<string, string>,
    has: (key) => key in entries,
    get,
    under: (prefix) =>
      Object.fromEntries(
        Object.keys(entries)
          .filter((key) => key.startsWith(prefix))
          .map((key) => [key.slice(prefix.length), get(key)]),
      ),
  };
}

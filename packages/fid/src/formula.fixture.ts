import { readFileSync } from 'node:fs';
import type { ParameterSpec, StateDict } from '@edm2/tensor-files/tfjs';
import { goldenPath } from '@edm2/test-support';

const SALT = 'edm2ts';

/** FNV-1a of 32 bits over UTF-8. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** mulberry32. */
export function mulberry32(seed: number): () => number {
  let a = seed | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** Lowest value and width of a key's numbers; undefined for zeros. */
function range(key: string, shape: readonly number[]): [number, number] | undefined {
  if (key.endsWith('num_batches_tracked')) return undefined;
  if (key.endsWith('running_var')) return [0.5, 1];
  if (key.endsWith('running_mean')) return [-0.25, 0.5];
  if (key.endsWith('gamma')) return [0.25, 0.5];
  if (key.endsWith('_token') || key === 'pos_embed') return [-0.5, 1];
  if (key.endsWith('weight') && shape.length === 1) return [0.75, 0.5];
  if (key.endsWith('weight')) {
    const bound = Math.sqrt(6 / shape.slice(1).reduce((product, n) => product * n, 1));
    return [-bound, 2 * bound];
  }
  return [-0.25, 0.5];
}

/** The golden files' weights of one tensor, in the files' layout. */
export function formulaTensor(key: string, shape: readonly number[]): Float32Array {
  const size = shape.reduce((product, n) => product * n, 1);
  const limits = range(key, shape);
  const data = new Float32Array(size);
  if (!limits) return data;
  const next = mulberry32(fnv1a(`${SALT}:${key}`));
  for (let i = 0; i < size; i++) data[i] = limits[0] + limits[1] * (next() / 2 ** 32);
  return data;
}

/** A state dict of formula weights for keys and shapes as files have them. */
export const formulaWeights = (keys: Readonly<Record<string, readonly number[]>>): StateDict =>
  Object.fromEntries(
    Object.entries(keys).map(([key, shape]) => [key, { shape: [...shape], data: formulaTensor(key, shape) }]),
  );

/** Image n of the golden files, `[height, width, 3]` row-major, 0…255. */
export function formulaImage(height: number, width: number, n: number): Float32Array {
  const next = mulberry32(fnv1a(`${SALT}:image:${height}x${width}:${n}`));
  const pixels = new Float32Array(height * width * 3);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const value =
          Math.floor((x * (c + 1) * 200) / width) +
          Math.floor((y * (3 - c) * 120) / height) +
          Math.floor((x * y * (n + 1) * 300) / (width * height)) +
          (next() >>> 26);
        pixels[(y * width + x) * 3 + c] = value & 255;
      }
    }
  }
  return pixels;
}

/** A JSON file of test/golden. */
export const readGoldenJson = (file: string) => JSON.parse(readFileSync(goldenPath(file), 'utf8'));

/** Keys and file shapes of parameters of ours: filters HWIO → OIHW, kernels `[in, out]` → `[out, in]`. */
export const fileShapes = (parameters: readonly ParameterSpec[]): [string, number[]][] =>
  parameters.map(({ name, shape }) => {
    const [a = 0, b = 0, c = 0, d = 0] = shape;
    if (shape.length === 4) return [name, [d, c, a, b]];
    return [name, shape.length === 2 ? [b, a] : [...shape]];
  });

import type { ComputeFidOptions } from './node/compute-fid.js';

/**
 * FID of two sets of images: `computeFid` of `@edm2/fid/node`, which is loaded when this is called, so that programs that never call it
 * carry nothing of Node.js.
 *
 * @param a - a folder of images, a zip, an array of them (`.npz`, `.npy`), or a file of statistics (`.npz`, `.safetensors`, NVIDIA's `.pkl`).
 * @param b - the same.
 * @returns the distance, at least 0.
 * @throws {Error} (rejects) in a browser; otherwise as that of './node'.
 */
export async function computeFid(a: string, b: string, options?: ComputeFidOptions): Promise<number> {
  const { computeFid: compute } = await import('@edm2/fid/node');
  return compute(a, b, options);
}

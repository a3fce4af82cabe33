import type { Dataset } from '@edm2/dataset';
import { nearestNeighbours } from '@edm2/fid';
import type { Look } from './look.js';

/** An image of another set, and how far it is. */
export interface Neighbour {
  readonly index: number;
  readonly distance: number;
}

/** Images that are looked at, of one set. */
export interface Looked {
  readonly dataset: Dataset;
  readonly indices: readonly number[];
}

/** Images that are read at a time: a set may be larger than the memory. */
const CHUNK = 512;

/**
 * The nearest images of another set to each image, nearest first.
 *
 * @param k - of each, at least 1.
 * @param onProgress - images of the other set that were looked at.
 */
export async function findNeighbours(
  features: Float32Array,
  { dataset, indices }: Looked,
  look: Look,
  {
    k,
    onProgress,
    signal,
  }: {
    readonly k: number;
    readonly onProgress?: (done: number) => void;
    readonly signal: AbortSignal;
  },
): Promise<Neighbour[][]> {
  const count = features.length / look.dims;
  let nearest: Neighbour[][] = Array.from({ length: count }, () => []);
  for (let at = 0; at < indices.length; at += CHUNK) {
    signal.throwIfAborted();
    const part = indices.slice(at, at + CHUNK);
    const least = Math.min(k, part.length);
    const { rows, distances } = nearestNeighbours(features, await look.at(dataset, part), {
      k: least,
      dims: look.dims,
    });
    nearest = nearest.map((before, i) => {
      const found = Array.from({ length: least }, (_, n) => ({
        index: part[rows[i * least + n] as number] as number,
        distance: distances[i * least + n] as number,
      }));
      return [...before, ...found].sort((a, b) => a.distance - b.distance).slice(0, k);
    });
    onProgress?.(at + part.length);
    // Lets Ctrl-C through.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return nearest;
}

import { frechetDistance, type Gaussian } from '@edm2/fid';
import { findLapack, readStatistics, writeStatistics } from '@edm2/fid/node';
import { createRandom, type RandomStream } from '@edm2/random';
import type { DistanceWork } from '../fid.js';

/** Reflections that turn the axes: a few make a matrix dense. */
const REFLECTIONS = 8;
/** Largest over smallest eigenvalue, as of features of a few ten thousand images. */
const CONDITION = 1e6;

/** Made-up statistics: eigenvalues that fall evenly on a logarithmic scale, axes turned at random, means of N(0, 0.1²). */
export async function storeStatistics(file: string, seed: number, dims: number): Promise<void> {
  const stream = createRandom(seed).stream('statistics');
  const mu = stream.normal(dims).map((value) => value / 10);
  const sigma = new Float64Array(dims * dims);
  for (let i = 0; i < dims; i++) sigma[i * dims + i] = CONDITION ** (-i / dims);
  for (let k = 0; k < REFLECTIONS; k++) reflect(sigma, unit(stream, dims), dims);
  await writeStatistics(file, { fid: { mu: Float64Array.from(mu), sigma } });
}

function unit(stream: RandomStream, dims: number): Float64Array {
  const v = Float64Array.from(stream.normal(dims));
  const length = Math.hypot(...v);
  return v.map((value) => value / length);
}

/** `a ← H·a·H` with `H = 1 − 2vvᵀ`: subtracts `v·wᵀ + w·vᵀ`, `w = 2·(a·v − (vᵀ·a·v)·v)`. Symmetric to the last bit. */
function reflect(a: Float64Array, v: Float64Array, dims: number): void {
  const product = new Float64Array(dims);
  for (let i = 0; i < dims; i++) {
    let sum = 0;
    for (let j = 0; j < dims; j++) sum += (a[i * dims + j] ?? 0) * (v[j] ?? 0);
    product[i] = sum;
  }
  const inner = product.reduce((sum, value, i) => sum + value * (v[i] ?? 0), 0);
  const w = product.map((value, i) => 2 * (value - inner * (v[i] ?? 0)));
  for (let i = 0; i < dims; i++)
    for (let j = 0; j <= i; j++) {
      const value = (a[i * dims + j] ?? 0) - ((v[i] ?? 0) * (w[j] ?? 0) + (w[i] ?? 0) * (v[j] ?? 0));
      a[i * dims + j] = value;
      a[j * dims + i] = value;
    }
}

const known = new Map<string, Gaussian>();

async function load(file: string): Promise<Gaussian> {
  const gaussian = known.get(file) ?? (await readStatistics(file)).fid;
  if (!gaussian) throw new Error(`load: expected statistics in ${file}, got none.`);
  known.set(file, gaussian);
  return gaussian;
}

/** The distance of two stored sets, without the time of reading them. */
export async function measureDistance({
  files: [a, b],
  library,
}: DistanceWork): Promise<{ ms: number[]; value: number }> {
  const [first, second] = [await load(a), await load(b)];
  const linearAlgebra = library === undefined ? undefined : await findLapack({ library });
  const start = performance.now();
  const value = frechetDistance(first, second, { linearAlgebra });
  return { ms: [performance.now() - start], value };
}

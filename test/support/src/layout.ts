import type { GoldenArray } from './golden.js';

/** Permutes the axes of a dense row-major array: axis `i` of the result is axis `perm[i]` of the input. */
function permute({ shape, data }: GoldenArray, perm: number[]): GoldenArray {
  const rank = shape.length;
  if (rank !== perm.length) throw new RangeError(`permute: expected rank ${perm.length}, got [${shape}]`);
  const strides = new Array<number>(rank).fill(1);
  for (let i = rank - 2; i >= 0; i--) strides[i] = (strides[i + 1] ?? 1) * (shape[i + 1] ?? 1);
  const outShape = perm.map((axis) => shape[axis] ?? 1);
  const outStrides = perm.map((axis) => strides[axis] ?? 1);
  const out = data.slice();
  const index = new Array<number>(rank).fill(0);
  for (let n = 0; n < out.length; n++) {
    let source = 0;
    for (let i = 0; i < rank; i++) source += (index[i] ?? 0) * (outStrides[i] ?? 0);
    out[n] = data[source] ?? Number.NaN;
    for (let i = rank - 1; i >= 0; i--) {
      const next = (index[i] ?? 0) + 1;
      index[i] = next < (outShape[i] ?? 1) ? next : 0;
      if (index[i] !== 0) break;
    }
  }
  return { shape: outShape, data: out };
}

/** `[N, C, H, W]` → `[N, H, W, C]`. */
export const nchwToNhwc = (a: GoldenArray): GoldenArray => permute(a, [0, 2, 3, 1]);
/** `[N, H, W, C]` → `[N, C, H, W]`. */
export const nhwcToNchw = (a: GoldenArray): GoldenArray => permute(a, [0, 3, 1, 2]);
/** Filters `[O, I, H, W]` → `[H, W, I, O]`. */
export const oihwToHwio = (a: GoldenArray): GoldenArray => permute(a, [2, 3, 1, 0]);
/** Dense kernels `[out, in]` → `[in, out]`. */
export const oiToIo = (a: GoldenArray): GoldenArray => permute(a, [1, 0]);

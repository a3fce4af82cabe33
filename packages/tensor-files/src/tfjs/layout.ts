/** Side of the square tiles of a transpose: two tiles of float32 fit a 32 KiB first-level cache with room to spare. */
const TILE = 32;

/**
 * Shape in files of a tensor of ours: rank 4 `[H, W, in, out]` → `[out, in, H, W]`, rank 2 `[in, out]` → `[out, in]`, else the same.
 *
 * @param shape - TensorFlow.js's layout.
 */
export function toFileShape(shape: readonly number[]): number[] {
  const [a = 1, b = 1, c = 1, d = 1] = shape;
  if (shape.length === 4) return [d, c, a, b];
  if (shape.length === 2) return [b, a];
  return [...shape];
}

/**
 * `[P, I, O]` → `[O, I, P]`, with P = H·W of a filter: HWIO → OIHW. The inverse is the same call with I and O in the file's roles.
 *
 * @returns new array.
 */
function swapOuter(source: Float32Array, outer: number, middle: number, inner: number): Float32Array {
  const out = new Float32Array(source.length);
  for (let k0 = 0; k0 < inner; k0 += TILE) {
    const k1 = Math.min(k0 + TILE, inner);
    for (let j0 = 0; j0 < middle; j0 += TILE) {
      const j1 = Math.min(j0 + TILE, middle);
      for (let i = 0; i < outer; i++) {
        for (let k = k0; k < k1; k++) {
          for (let j = j0; j < j1; j++)
            out[(k * middle + j) * outer + i] = source[(i * middle + j) * inner + k] as number;
        }
      }
    }
  }
  return out;
}

/** `[R, C]` → `[C, R]`, new array. */
function transpose(source: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(source.length);
  for (let r0 = 0; r0 < rows; r0 += TILE) {
    const r1 = Math.min(r0 + TILE, rows);
    for (let c0 = 0; c0 < columns; c0 += TILE) {
      const c1 = Math.min(c0 + TILE, columns);
      for (let c = c0; c < c1; c++) {
        for (let r = r0; r < r1; r++) out[c * rows + r] = source[r * columns + c] as number;
      }
    }
  }
  return out;
}

/**
 * Values of a tensor of ours in the file's order.
 *
 * @param data - row-major values of `shape`.
 * @param shape - TensorFlow.js's layout.
 * @returns new array.
 */
export function toFileLayout(data: Float32Array, shape: readonly number[]): Float32Array {
  const [a = 1, b = 1, c = 1, d = 1] = shape;
  if (shape.length === 4) return swapOuter(data, a * b, c, d);
  if (shape.length === 2) return transpose(data, a, b);
  return data.slice();
}

/**
 * Values of a tensor in a file in our order; inverse of {@link toFileLayout}.
 *
 * @param data - row-major values of `toFileShape(shape)`.
 * @param shape - TensorFlow.js's layout.
 * @returns new array.
 */
export function fromFileLayout(data: Float32Array, shape: readonly number[]): Float32Array {
  const [a = 1, b = 1, c = 1, d = 1] = shape;
  if (shape.length === 4) return swapOuter(data, d, c, a * b);
  if (shape.length === 2) return transpose(data, b, a);
  return data.slice();
}

import { type Coefficients, WEIGHT_BITS } from './coefficients.js';

const HALF = 1 << (WEIGHT_BITS - 1);

/** Rows `[rows, before, channels]` → `[rows, after, channels]`, every sum rounded to 8 bits. */
export function resampleRows(
  data: Uint8Array,
  rows: number,
  before: number,
  channels: 1 | 3,
  { taps, starts, counts, weights }: Coefficients,
): Uint8Array {
  const after = starts.length;
  const out = new Uint8ClampedArray(rows * after * channels);
  let to = 0;
  for (let y = 0; y < rows; y++) {
    const row = y * before * channels;
    for (let i = 0; i < after; i++) {
      const first = i * taps;
      const end = first + (counts[i] as number);
      let at = row + (starts[i] as number) * channels;
      if (channels === 1) {
        let sum = HALF;
        for (let k = first; k < end; k++) sum = (sum + Math.imul(data[at++] as number, weights[k] as number)) | 0;
        out[to++] = sum >> WEIGHT_BITS;
        continue;
      }
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      for (let k = first; k < end; k++, at += 3) {
        const weight = weights[k] as number;
        red = (red + Math.imul(data[at] as number, weight)) | 0;
        green = (green + Math.imul(data[at + 1] as number, weight)) | 0;
        blue = (blue + Math.imul(data[at + 2] as number, weight)) | 0;
      }
      out[to++] = red >> WEIGHT_BITS;
      out[to++] = green >> WEIGHT_BITS;
      out[to++] = blue >> WEIGHT_BITS;
    }
  }
  return bytesOf(out);
}

/** Columns `[before, width]` → `[after, width]`, every sum rounded to 8 bits. `width` counts values, all channels. */
export function resampleColumns(
  data: Uint8Array,
  width: number,
  { taps, starts, counts, weights }: Coefficients,
): Uint8Array {
  const after = starts.length;
  const out = new Uint8ClampedArray(after * width);
  const sums = new Int32Array(width);
  for (let i = 0; i < after; i++) {
    sums.fill(HALF);
    for (let k = 0; k < (counts[i] as number); k++) {
      const weight = weights[i * taps + k] as number;
      const row = ((starts[i] as number) + k) * width;
      for (let x = 0; x < width; x++) sums[x] = ((sums[x] as number) + Math.imul(data[row + x] as number, weight)) | 0;
    }
    for (let x = 0, to = i * width; x < width; x++) out[to++] = (sums[x] as number) >> WEIGHT_BITS;
  }
  return bytesOf(out);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint8ClampedArray<ArrayBuffer>): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

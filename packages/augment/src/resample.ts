import { type Affine, invert } from './affine.js';
import { checkImage, type Image, reflect } from './image.js';
import { CENTRE, SYM6 } from './sym6.js';

const TAPS = SYM6.length;
/** Weights of a pixel in the doubled image, and of a doubled image's sample in a pixel. */
const UP = SYM6.map((tap) => Math.SQRT2 * tap);
const DOWN = SYM6.map((tap) => tap / Math.SQRT2);

/** A rectangle of the doubled grid: where it begins, and its sides. */
interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Moves an image by any affine map: doubled with the low-pass filter of sym6, looked up linearly between the samples of the doubled grid, and
 * halved with the same filter. Outside its border the image is mirrored. The identity gives the image back, since the filter is orthonormal
 * to its even shifts; a ramp is moved as the formula says.
 *
 * @param map - where points go.
 * @returns new values `[size, size, channels]`, computed in float64 and rounded once.
 * @throws {RangeError} when the image is misshapen or the map flattens the plane.
 * @see Karras et al. 2020, Training Generative Adversarial Networks with Limited Data, appendix B: "2× supersampled" with sym6. Differs in what
 * the paper leaves open: samples stand where the filter's centre of mass puts them.
 */
export function resample(image: Image, map: Affine): Float32Array {
  checkImage('resample', image);
  const { size, channels } = image;
  const lookUp = onDoubledGrid(invert(map), size);
  // Every sample that a pixel is made of.
  const side = 2 * (size - 1) + TAPS;
  const source = areaOf(lookUp, side);
  const doubled = double(image, source);
  const moved = new Float64Array(side * side * channels);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const fromX = lookUp.xx * x + lookUp.xy * y + lookUp.tx - source.x;
      const fromY = lookUp.yx * x + lookUp.yy * y + lookUp.ty - source.y;
      const [x0, y0] = [Math.floor(fromX), Math.floor(fromY)];
      const [right, down] = [fromX - x0, fromY - y0];
      const above = (y0 * source.width + x0) * channels;
      const below = above + source.width * channels;
      const to = (y * side + x) * channels;
      for (let c = 0; c < channels; c++) {
        const upper = (1 - right) * (doubled[above + c] as number) + right * (doubled[above + channels + c] as number);
        const lower = (1 - right) * (doubled[below + c] as number) + right * (doubled[below + channels + c] as number);
        moved[to + c] = (1 - down) * upper + down * lower;
      }
    }
  return halve(moved, side, size, channels);
}

/** The same map between indices of doubled grids: sample k stands at pixel (k − CENTRE)/2. */
function onDoubledGrid({ xx, xy, tx, yx, yy, ty }: Affine, size: number): Affine {
  const origin = CENTRE + size - 1;
  return {
    xx,
    xy,
    tx: 2 * tx + origin - (xx + xy) * origin,
    yx,
    yy,
    ty: 2 * ty + origin - (yx + yy) * origin,
  };
}

/** What is looked up for a square of `side` samples, neighbours included. */
function areaOf({ xx, xy, tx, yx, yy, ty }: Affine, side: number): Area {
  const last = side - 1;
  const bounds = (a: number, b: number, shift: number) => {
    const ends = [shift, shift + a * last, shift + b * last, shift + (a + b) * last];
    const from = Math.floor(Math.min(...ends));
    // A neighbour for the last sample, and one more where rounding puts a corner outside its own bound.
    return { from: from - 1, count: Math.floor(Math.max(...ends)) + 3 - (from - 1) };
  };
  const [x, y] = [bounds(xx, xy, tx), bounds(yx, yy, ty)];
  return { x: x.from, y: y.from, width: x.count, height: y.count };
}

/** Samples of the doubled image, `√2 Σₙ image[n]·h[k − 2n]` along both axes. */
function double({ values, size, channels }: Image, { x, y, width, height }: Area): Float64Array {
  // Rows of the image that the area is made of.
  const first = Math.ceil((y - TAPS + 1) / 2);
  const rows = Math.floor((y + height - 1) / 2) - first + 1;
  const wide = new Float64Array(rows * width * channels);
  const left = Math.ceil((x - TAPS + 1) / 2);
  const columns = Int32Array.from({ length: Math.floor((x + width - 1) / 2) - left + 1 }, (_, i) =>
    reflect(left + i, size),
  );
  for (let row = 0; row < rows; row++) {
    const from = reflect(first + row, size) * size;
    for (let i = 0; i < width; i++) {
      const k = x + i;
      const to = (row * width + i) * channels;
      for (let n = Math.ceil((k - TAPS + 1) / 2); 2 * n <= k; n++) {
        const tap = UP[k - 2 * n] as number;
        const at = (from + (columns[n - left] as number)) * channels;
        for (let c = 0; c < channels; c++) wide[to + c] = (wide[to + c] as number) + tap * (values[at + c] as number);
      }
    }
  }
  const doubled = new Float64Array(height * width * channels);
  const line = width * channels;
  for (let i = 0; i < height; i++) {
    const k = y + i;
    for (let n = Math.ceil((k - TAPS + 1) / 2); 2 * n <= k; n++) {
      const tap = UP[k - 2 * n] as number;
      const from = (n - first) * line;
      for (let j = 0; j < line; j++)
        doubled[i * line + j] = (doubled[i * line + j] as number) + tap * (wide[from + j] as number);
    }
  }
  return doubled;
}

/** Pixels of a doubled image, `Σₖ image[k]·h[k − 2n]/√2` along both axes. */
function halve(doubled: Float64Array, side: number, size: number, channels: number): Float32Array {
  const narrow = new Float64Array(side * size * channels);
  for (let y = 0; y < side; y++)
    for (let n = 0; n < size; n++) {
      const to = (y * size + n) * channels;
      for (let i = 0; i < TAPS; i++) {
        const tap = DOWN[i] as number;
        const from = (y * side + 2 * n + i) * channels;
        for (let c = 0; c < channels; c++)
          narrow[to + c] = (narrow[to + c] as number) + tap * (doubled[from + c] as number);
      }
    }
  const line = size * channels;
  const sums = new Float64Array(size * line);
  for (let n = 0; n < size; n++)
    for (let i = 0; i < TAPS; i++) {
      const tap = DOWN[i] as number;
      const from = (2 * n + i) * line;
      for (let j = 0; j < line; j++)
        sums[n * line + j] = (sums[n * line + j] as number) + tap * (narrow[from + j] as number);
    }
  return Float32Array.from(sums);
}

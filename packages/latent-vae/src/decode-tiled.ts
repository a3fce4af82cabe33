import { known } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';

/** Options of {@link decodeTiled}. */
export interface DecodeTiledOptions {
  /** Side of a tile in latent pixels. Default 64: 512×512 images of Stable Diffusion's autoencoder. */
  readonly tile?: number;
  /** Latent pixels that neighbouring tiles share at least, 0 … tile − 1. Default a quarter of the tile. */
  readonly overlap?: number;
  /** Called after each tile. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Stops before the next tile; rejects with the signal's reason, and nothing is left behind. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Decodes latents of any size tile by tile: the engine never holds more than one tile's activations. Tiles overlap, and are
 * cross-faded linearly where they do, so that no seam shows. All tiles have the same shape: a compiled function is compiled once.
 *
 * A tile's norms and attention see that tile only, so the result is near to that of decoding at once, not equal to it:
 * the larger tile and overlap, the nearer.
 *
 * @param decode - `[N, h, w, C] → [N, h·k, w·k, C′]`, any whole k ≥ 1; what it returns is disposed.
 * @param latents - `[N, H, W, C]`; left as it is.
 * @returns new tensor `[N, H·k, W·k, C′]`.
 * @throws {RangeError} when tile or overlap is out of range, or decode's result does not fit its input.
 */
export async function decodeTiled(
  decode: (latents: tf.Tensor4D) => tf.Tensor | Promise<tf.Tensor>,
  latents: tf.Tensor4D,
  options: DecodeTiledOptions = {},
): Promise<tf.Tensor4D> {
  const names = { tile: true, overlap: true, onProgress: true, signal: true } as const;
  const { tile = 64, overlap = Math.floor(tile / 4), onProgress, signal } = known('decodeTiled', options, names);
  if (!Number.isInteger(tile) || tile < 1 || !Number.isInteger(overlap) || overlap < 0 || overlap >= tile)
    throw new RangeError(
      `decodeTiled: expected whole numbers with 0 ≤ overlap < tile, got overlap ${overlap} and tile ${tile}.`,
    );
  const [n, height, width, channels] = latents.shape;
  const rows = cover(height, tile, overlap);
  const columns = cover(width, tile, overlap);
  let canvas: Canvas | undefined;
  let done = 0;
  for (const top of rows.starts) {
    for (const left of columns.starts) {
      signal?.throwIfAborted();
      const part = tf.slice(latents, [0, top, left, 0], [n, rows.size, columns.size, channels]);
      let decoded: tf.Tensor | undefined;
      try {
        decoded = await decode(part);
        canvas ??= startCanvas(decoded, latents.shape, rows, columns);
        paint(canvas, await decoded.data<'float32'>(), top, left);
      } finally {
        tf.dispose(decoded ? [part, decoded] : [part]);
      }
      onProgress?.(++done, rows.starts.length * columns.starts.length);
    }
  }
  if (!canvas) throw new RangeError(`decodeTiled: expected latents with pixels, got [${latents.shape}].`);
  return tf.tensor4d(canvas.values, canvas.shape);
}

/** How one axis is covered. */
interface Cover {
  readonly size: number;
  readonly starts: readonly number[];
}

/** As few tiles as overlap enough, evenly spread from end to end. */
function cover(length: number, tile: number, overlap: number): Cover {
  const size = Math.min(tile, length);
  const count = length <= size ? 1 : Math.ceil((length - overlap) / (size - overlap));
  const starts = Array.from({ length: count }, (_, i) =>
    count === 1 ? 0 : Math.round((i * (length - size)) / (count - 1)),
  );
  return { size, starts };
}

interface Canvas {
  readonly shape: [number, number, number, number];
  readonly values: Float32Array;
  readonly factor: number;
  readonly rows: Fade;
  readonly columns: Fade;
}

/** Share of each pixel of each tile along one axis: they sum to 1 at every pixel of the whole. */
interface Fade {
  /** Pixels of a tile. */
  readonly size: number;
  readonly shares: ReadonlyMap<number, Float64Array>;
}

function startCanvas(decoded: tf.Tensor, [n, h, w]: readonly number[], rows: Cover, columns: Cover): Canvas {
  const factor = (decoded.shape[1] ?? 0) / rows.size;
  const fits = decoded.rank === 4 && decoded.shape[0] === n && decoded.shape[2] === columns.size * factor;
  if (!fits || !Number.isInteger(factor) || factor < 1)
    throw new RangeError(
      `decodeTiled: expected decode to give [${n}, ${rows.size}·k, ${columns.size}·k, C], got [${decoded.shape}].`,
    );
  const shape: Canvas['shape'] = [n ?? 0, (h ?? 0) * factor, (w ?? 0) * factor, decoded.shape[3] ?? 0];
  const values = new Float32Array(shape.reduce((product, side) => product * side, 1));
  return { shape, values, factor, rows: fade(rows, h ?? 0, factor), columns: fade(columns, w ?? 0, factor) };
}

/** Ramps up and down where neighbours overlap; each pixel's shares divided by their sum. */
function fade({ size, starts }: Cover, length: number, factor: number): Fade {
  const pixels = size * factor;
  const total = new Float64Array(length * factor);
  const shares = new Map<number, Float64Array>();
  starts.forEach((start, i) => {
    const before = i === 0 ? 0 : ((starts[i - 1] ?? 0) + size - start) * factor;
    const after = i === starts.length - 1 ? 0 : (start + size - (starts[i + 1] ?? 0)) * factor;
    const ramp = Float64Array.from({ length: pixels }, (_, p) =>
      Math.min(1, before > 0 ? (p + 0.5) / before : 1, after > 0 ? (pixels - p - 0.5) / after : 1),
    );
    shares.set(start, ramp);
    ramp.forEach((share, p) => {
      total[start * factor + p] = (total[start * factor + p] as number) + share;
    });
  });
  for (const [start, ramp] of shares)
    ramp.forEach((share, p) => {
      ramp[p] = share / (total[start * factor + p] ?? 1);
    });
  return { size: pixels, shares };
}

/** Adds a decoded tile to the canvas. */
function paint({ shape, values, factor, rows, columns }: Canvas, tile: Float32Array, top: number, left: number): void {
  const [n, height, width, channels] = shape;
  const down = rows.shares.get(top);
  const across = columns.shares.get(left);
  for (let image = 0; image < n; image++) {
    for (let y = 0; y < rows.size; y++) {
      const source = (image * rows.size + y) * columns.size * channels;
      const target = ((image * height + top * factor + y) * width + left * factor) * channels;
      for (let i = 0; i < columns.size * channels; i++) {
        const share = (down?.[y] ?? 0) * (across?.[Math.floor(i / channels)] ?? 0);
        values[target + i] = (values[target + i] as number) + share * (tile[source + i] as number);
      }
    }
  }
}

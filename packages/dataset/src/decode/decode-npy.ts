import { type NpyArray, readNpy } from '@edm2/tensor-files';
import { DatasetError, type DatasetErrorCode } from '../errors.js';
import type { Spelling } from '../spelling.js';
import type { Pixels } from '../types.js';
import { conversionBit } from './conversions.js';
import type { Decoded } from './decode-image.js';

/** More channels than any autoencoder's means and deviations: such an array holds images, one behind the other. */
const MAX_ARRAY_CHANNELS = 256;

/**
 * Whether an array holds several images and not one: bytes of more than four channels on either side, or of four axes; floats of
 * more channels than latents have.
 */
export function holdsSeveral({ dtype, shape }: { readonly dtype: string; readonly shape: readonly number[] }): boolean {
  const axes = shape.slice(
    Math.max(
      0,
      shape.findIndex((side) => side !== 1),
    ),
  );
  const [first = 0] = axes;
  if (axes.length > 3) return true;
  if (shape.length < 3 || axes.length < 3) return false;
  return dtype === '|u1' ? first > 4 && !isChannelsLast(axes) : first > MAX_ARRAY_CHANNELS;
}

/** `[H, W, C]` of pixels, as cameras and most libraries have them. */
const isChannelsLast = ([height = 0, , channels = 0]: readonly number[]): boolean =>
  height > 4 && (channels === 1 || channels === 3 || channels === 4);

/**
 * Decodes an NPY array of one image, `[…, height, width]`; the axes before the last two are channels, as EDM2's reader has them. Pixels
 * may have their channels last too: `[height, width, 1, 3 or 4]`, of which the fourth (alpha) is dropped. float32 and float16 give
 * float32 values, uint8 gives pixels.
 *
 * @param path - for errors.
 * @throws {DatasetError} (rejects) corrupt-image when damaged or not finite, unsupported for other types and ranks.
 */
export async function decodeNpy(bytes: Uint8Array, path: string, spelling: Spelling): Promise<Decoded> {
  const fail = (code: DatasetErrorCode, expected: string, got: string, remedy: string, cause?: unknown) =>
    new DatasetError({ code, where: 'Dataset.read', file: path, expected, got: `${got} in ${path}`, remedy, cause });

  const array = await readNpy(bytes).catch((cause: unknown): NpyArray => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw fail('corrupt-image', 'an intact NPY file', `"${reason}"`, 'Write the file again', cause);
  });
  const { dtype, shape, data } = array;
  const isPixels = data instanceof Uint8Array && dtype === '|u1';
  // Complex numbers come as pairs of floats.
  if (!isPixels && (!(data instanceof Float32Array) || dtype === '<c8'))
    throw fail('unsupported', 'an array of float32, float16 or uint8', dtype, 'Convert the arrays to float32');
  const list = `[${shape.join(', ')}]`;
  if (shape.length < 2 || data.length === 0)
    throw fail('unsupported', 'an array [channels, height, width]', list, 'Save one array per image');
  if (holdsSeveral(array))
    throw fail(
      'unsupported',
      'one image in each array',
      `a stack of images, ${list},`,
      `Open it by itself: ${spelling.path(path)}`,
    );
  // A NaN would end a run days later; no checksum sees one that was written.
  const bad = isPixels ? undefined : data.find((value) => !Number.isFinite(value));
  if (bad !== undefined) throw fail('corrupt-image', 'finite values', String(bad), 'Write the array again');
  const axes = shape.slice(-3);
  if (isPixels && shape.length === 3 && isChannelsLast(axes)) {
    const [height = 0, width = 0, channels = 0] = axes;
    if (channels !== 4) return { height, width, channels, data, conversions: 0 };
    return { height, width, channels: 3, ...splitAlpha(data), conversions: conversionBit('alpha') };
  }
  const height = shape.at(-2) ?? 0;
  const width = shape.at(-1) ?? 0;
  const channels = data.length / (height * width);
  return { height, width, channels, data: toChannelsLast(data, channels), conversions: 0 };
}

/** `[H, W, 4]` → RGB and what is behind its fourth channel. */
export const splitAlpha = (rgba: Uint8Array): { readonly data: Uint8Array; readonly alpha: Uint8Array } => ({
  data: rgba.filter((_, i) => i % 4 !== 3),
  alpha: rgba.filter((_, i) => i % 4 === 3),
});

/** `[C, H, W]` → `[H, W, C]`. */
function toChannelsLast(planes: Pixels, channels: number): Pixels {
  if (channels === 1) return planes;
  const size = planes.length / channels;
  const out = planes.slice();
  for (let c = 0; c < channels; c++) for (let i = 0; i < size; i++) out[i * channels + c] = planes[c * size + i] ?? 0;
  return out;
}

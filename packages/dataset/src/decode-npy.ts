import { type NpyArray, readNpy } from '@edm2/tensor-files';
import type { Decoded } from './decode-image.js';
import { DatasetError, type DatasetErrorCode } from './errors.js';
import type { Pixels } from './types.js';

/**
 * Decodes an NPY array `[…, height, width]`; the axes before the last two are channels, as EDM2's reader has them. float32 and
 * float16 give float32 values, uint8 gives pixels.
 *
 * @param path - for errors.
 * @throws {DatasetError} (rejects) corrupt-image when damaged or not finite, unsupported for other types and ranks.
 */
export async function decodeNpy(bytes: Uint8Array, path: string): Promise<Decoded> {
  const fail = (code: DatasetErrorCode, expected: string, got: string, remedy: string, cause?: unknown) =>
    new DatasetError({ code, where: 'Dataset.read', file: path, expected, got: `${got} in ${path}`, remedy, cause });

  const { dtype, shape, data } = await readNpy(bytes).catch((cause: unknown): NpyArray => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw fail('corrupt-image', 'an intact NPY file', `"${reason}"`, 'Write the file again', cause);
  });
  const isPixels = data instanceof Uint8Array && dtype === '|u1';
  if (!isPixels && !(data instanceof Float32Array))
    throw fail('unsupported', 'an array of float32, float16 or uint8', dtype, 'Convert the arrays to float32');
  const height = shape.at(-2) ?? 0;
  const width = shape.at(-1) ?? 0;
  if (shape.length < 2 || data.length === 0)
    throw fail(
      'unsupported',
      'an array [channels, height, width]',
      `[${shape.join(', ')}]`,
      'Save one array per image',
    );
  // A NaN would end a run days later; no checksum sees one that was written.
  const bad = isPixels ? undefined : data.find((value) => !Number.isFinite(value));
  if (bad !== undefined) throw fail('corrupt-image', 'finite values', String(bad), 'Write the array again');
  const channels = data.length / (height * width);
  return { height, width, channels, data: toChannelsLast(data, channels) };
}

/** `[C, H, W]` → `[H, W, C]`. */
function toChannelsLast(planes: Pixels, channels: number): Pixels {
  if (channels === 1) return planes;
  const size = planes.length / channels;
  const out = planes.slice();
  for (let c = 0; c < channels; c++) for (let i = 0; i < size; i++) out[i * channels + c] = planes[c * size + i] ?? 0;
  return out;
}

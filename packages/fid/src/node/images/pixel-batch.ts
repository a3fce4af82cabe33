import type { PixelImage } from '../../dinov2/resize-pixels.js';

/** Images `[N, H, W, C]` row-major, 8 bits a channel, C 3 (RGB) or 1 (grey). */
export interface PixelBatch {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly shape: readonly [images: number, height: number, width: number, channels: number];
}

/** Images of a batch, one by one and as RGB. */
export function splitPixels({ data, shape: [count, height, width, channels] }: PixelBatch): PixelImage[] {
  const size = height * width * channels;
  return Array.from({ length: count }, (_, i) => {
    const own = data.subarray(i * size, (i + 1) * size);
    if (channels === 3) return { height, width, data: Uint8Array.from(own) };
    return { height, width, data: Uint8Array.from({ length: size * 3 }, (_, j) => own[Math.floor(j / 3)] as number) };
  });
}

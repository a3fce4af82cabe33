/** Pixels of 8 bits in memory. */
export interface Picture {
  /** Pixels, at least 1. */
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** `[height, width, channels]`. */
  readonly data: Uint8Array;
}

/** A picture of which a mask may say where it is opaque. */
export interface MaskedPicture extends Picture {
  /** `[height, width]`, 255 opaque. */
  readonly alpha?: Uint8Array;
}

/** What is cut out of a picture: left and top edge, width, height, in pixels. */
interface Cut {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A part of a picture, copied; the picture itself where it is all of it. */
export function crop(picture: Picture, { left, top, width, height }: Cut): Picture {
  if (left === 0 && top === 0 && width === picture.width && height === picture.height) return picture;
  const { channels } = picture;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * picture.width + left) * channels;
    data.set(picture.data.subarray(from, from + width * channels), y * width * channels);
  }
  return { width, height, channels, data };
}

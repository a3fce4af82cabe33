import { crop, type Picture } from './picture.js';
import { resize } from './resize.js';

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A way to bring a picture to a size; undefined: too small for it. */
export type Transform = (picture: Picture, size: Size) => Picture | undefined;

/** The middle of `width` × `height` pixels, rounded towards the upper left. */
const middle = (picture: Picture, { width, height }: Size) => ({
  left: Math.floor((picture.width - width) / 2),
  top: Math.floor((picture.height - height) / 2),
  width,
  height,
});

/** Stretches to the size (Lanczos), whatever the picture's own proportions. */
const stretch: Transform = (picture, { width, height }) => resize(picture, width, height, 'lanczos');

/** The largest square in the middle, resized (Lanczos). */
const centerCrop: Transform = (picture, { width, height }) => {
  const side = Math.min(picture.width, picture.height);
  return resize(crop(picture, middle(picture, { width: side, height: side })), width, height, 'lanczos');
};

/** Nearest whole number, halves to the even one, as Python and NumPy round. */
function roundEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/**
 * Of a wide picture the rows in the middle, resized to width × height (Lanczos) and set on a black square of the width. As many rows as
 * the picture would have if it were as wide as the result.
 *
 * @returns undefined when the picture is narrower than the result, or would be lower.
 */
const centerCropWide: Transform = (picture, { width, height }) => {
  const rows = roundEven((width * picture.height) / picture.width);
  if (picture.width < width || rows < height) return undefined;
  const cut = crop(picture, middle(picture, { width: picture.width, height: rows }));
  const { data, channels } = resize(cut, width, height, 'lanczos');
  const square = new Uint8Array(width * width * channels);
  square.set(data, Math.floor((width - height) / 2) * width * channels);
  return { width, height: width, channels, data: square };
};

/**
 * As Dhariwal and Nichol (2021) prepared ImageNet: halved by boxes while the short side is at least twice the result, resized to it
 * (bicubic), and cut in the middle.
 */
const centerCropDhariwal: Transform = (picture, size) => {
  let now = picture;
  while (Math.min(now.width, now.height) >= 2 * size.width)
    now = resize(now, Math.floor(now.width / 2), Math.floor(now.height / 2), 'box');
  const scale = size.width / Math.min(now.width, now.height);
  now = resize(now, roundEven(now.width * scale), roundEven(now.height * scale), 'bicubic');
  return crop(now, middle(now, size));
};

/** The transforms of the published tool by their names there; `none` is its plain resize. */
export const TRANSFORMS = {
  none: stretch,
  'center-crop': centerCrop,
  'center-crop-wide': centerCropWide,
  'center-crop-dhariwal': centerCropDhariwal,
} as const satisfies Readonly<Record<string, Transform>>;

export type TransformName = keyof typeof TRANSFORMS;

/** A resampling filter: a window around each new pixel. */
export interface Filter {
  /** Half the width of the window, in pixels of the coarser of both grids. */
  readonly support: number;
  /** Weight at distance x from the centre. */
  weight(x: number): number;
}

/** `sin(πx) / πx`. */
const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

/** Cubic convolution (Keys 1981) with a = −0.5. */
function cubic(x: number): number {
  const a = -0.5;
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}

/** `sinc · (0.54 + 0.46 cos πx)` on −1…1. */
function hamming(x: number): number {
  const d = Math.abs(x);
  if (d === 0) return 1;
  return d < 1 ? sinc(d) * (0.54 + 0.46 * Math.cos(d * Math.PI)) : 0;
}

/** The filters of Pillow's `Image.Resampling`, by their names there. Nearest is none: it takes a pixel and weighs nothing. */
export const FILTERS = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weight: hamming },
  bicubic: { support: 2, weight: cubic },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
} as const satisfies Readonly<Record<string, Filter>>;

export type FilterName = keyof typeof FILTERS;

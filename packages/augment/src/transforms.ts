import type { RandomStream } from '@edm2/random';
import { type Affine, compose, rotate2d, scale2d, translate2d } from './affine.js';

/** One way to move an image. Its parameters are all 0 where it is not applied: then it is the identity, and so are its labels. */
export interface Transform {
  readonly name: string;
  /** Takes pixels to pixels, so that it is done exactly; such transforms come before the others. */
  readonly onGrid: boolean;
  /** Applied always, not with the pipeline's probability: a coin that its parameter throws decides. */
  readonly always?: boolean;
  /** Number of its parameters. */
  readonly parameters: number;
  /** Width of its labels. */
  readonly labelDim: number;
  /** Parameters where it is applied. */
  draw(stream: RandomStream): readonly number[];
  /** @param size - side of the image in pixels. */
  matrix(parameters: readonly number[], size: number): Affine;
  /** What the network is told of it. */
  labels(parameters: readonly number[]): readonly number[];
}

/** Factor of one standard deviation of a scale: 2^0.2. */
const SCALE = 2 ** 0.2;
/** Standard deviation of a shift, as a share of the side. */
const SHIFT = 1 / 8;

const first = (values: ArrayLike<number>): number => values[0] as number;
const coin = (stream: RandomStream): readonly number[] => [first(stream.integers(1, 2))];
const angle = (stream: RandomStream): number => Math.PI * (2 * first(stream.uniform(1)) - 1);
const same = (parameters: readonly number[]): readonly number[] => parameters;

/** Mirrors left and right, every second image. */
export const xFlip: Transform = {
  name: 'x-flip',
  onGrid: true,
  always: true,
  parameters: 1,
  labelDim: 1,
  draw: coin,
  matrix: ([flip = 0]) => scale2d(1 - 2 * flip, 1),
  labels: same,
};

/** Mirrors up and down. */
export const yFlip: Transform = {
  name: 'y-flip',
  onGrid: true,
  parameters: 1,
  labelDim: 1,
  draw: coin,
  matrix: ([flip = 0]) => scale2d(1, 1 - 2 * flip),
  labels: same,
};

/** `Scale2D(s, s)`, s = 2^(0.2 a), a of N(0, 1). */
export const scaling: Transform = {
  name: 'scaling',
  onGrid: false,
  parameters: 1,
  labelDim: 1,
  draw: (stream) => [first(stream.normal(1))],
  matrix: ([a = 0]) => scale2d(SCALE ** a, SCALE ** a),
  labels: same,
};

/** `Rotate2D(−a)`, a of U(−π, π). */
export const rotation: Transform = {
  name: 'rotation',
  onGrid: false,
  parameters: 1,
  labelDim: 2,
  draw: (stream) => [angle(stream)],
  matrix: ([a = 0]) => rotate2d(-a),
  labels: ([a = 0]) => [Math.cos(a) - 1, Math.sin(a)],
};

/** `Rotate2D(a) · Scale2D(s, 1/s) · Rotate2D(−a)`, s = 2^(0.2 b), a of U(−π, π), b of N(0, 1). */
export const anisotropy: Transform = {
  name: 'anisotropy',
  onGrid: false,
  parameters: 2,
  labelDim: 2,
  draw: (stream) => [angle(stream), first(stream.normal(1))],
  matrix: ([a = 0, b = 0]) => compose(rotate2d(a), compose(scale2d(SCALE ** b, SCALE ** -b), rotate2d(-a))),
  labels: ([a = 0, b = 0]) => [b * Math.cos(a), b * Math.sin(a)],
};

/** `Translate2D(a/8, b/8)` of the image's side, a and b of N(0, 1). */
export const translation: Transform = {
  name: 'translation',
  onGrid: false,
  parameters: 2,
  labelDim: 2,
  draw: (stream) => [...stream.normal(2)],
  matrix: ([a = 0, b = 0], size) => translate2d(SHIFT * a * size, SHIFT * b * size),
  labels: same,
};

/** Quarter turns, `Rotate2D(−a π/2)`, a of 0 … 3. Of ADA's pipeline, not of EDM's; told as {@link rotation}. */
export const quarterTurn: Transform = {
  name: 'quarter-turn',
  onGrid: true,
  parameters: 1,
  labelDim: 2,
  draw: (stream) => [first(stream.integers(1, 4))],
  matrix: ([a = 0]) => {
    const [cos, sin] = QUARTERS[a] as readonly [number, number];
    return { xx: cos, xy: sin, tx: 0, yx: -sin, yy: cos, ty: 0 };
  },
  labels([a = 0]) {
    const [cos, sin] = QUARTERS[a] as readonly [number, number];
    return [cos - 1, sin];
  },
};

/** Cosine and sine of quarter turns. */
const QUARTERS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

/** Shifts by whole pixels, up to an eighth of the side. Of ADA's pipeline, not of EDM's; told as {@link translation}, in eighths of the side. */
export const wholeTranslation: Transform = {
  name: 'whole-translation',
  onGrid: true,
  parameters: 2,
  labelDim: 2,
  draw: (stream) => Array.from(stream.uniform(2), (u) => 2 * u - 1),
  matrix: ([a = 0, b = 0], size) => translate2d(Math.round(SHIFT * a * size), Math.round(SHIFT * b * size)),
  labels: same,
};

/** EDM's pipeline, in its order: nine labels. */
export const EDM_TRANSFORMS: readonly Transform[] = [xFlip, yFlip, scaling, rotation, anisotropy, translation];

/** Every transform by its name, in an order in which they can be applied: those on the pixel grid first. */
export const TRANSFORMS: ReadonlyMap<string, Transform> = new Map(
  [xFlip, yFlip, quarterTurn, wholeTranslation, scaling, rotation, anisotropy, translation].map((each) => [
    each.name,
    each,
  ]),
);

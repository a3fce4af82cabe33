import {
  type Augmented,
  anisotropy,
  compose,
  createAugment,
  type Image,
  invert,
  moveOnGrid,
  quarterTurn,
  rotate2d,
  rotation,
  scale2d,
  scaling,
  TRANSFORMS,
  translate2d,
  translation,
  wholeTranslation,
  xFlip,
  yFlip,
} from '@edm2/augment';
import { createRandom } from '@edm2/random';
import { describe, expect, test } from 'vitest';

const random = createRandom(5);
const SIZE = 6;
const image: Image = { values: random.stream('image').normal(SIZE * SIZE * 2), size: SIZE, channels: 2 };
const pixel = (values: Float32Array, x: number, y: number, c = 0): number => values[(y * SIZE + x) * 2 + c] as number;
const close = (actual: object, expected: object): void => {
  for (const [key, value] of Object.entries(expected)) expect(actual).toHaveProperty(key, expect.closeTo(value, 12));
};

describe('affine maps', () => {
  test('compose from right to left, and are undone', () => {
    const map = compose(translate2d(1, 2), compose(rotate2d(0.5), scale2d(2, 3)));
    const [cos, sin] = [Math.cos(0.5), Math.sin(0.5)];
    close(map, { xx: 2 * cos, xy: -3 * sin, tx: 1, yx: 2 * sin, yy: 3 * cos, ty: 2 });
    close(compose(invert(map), map), { xx: 1, xy: 0, tx: 0, yx: 0, yy: 1, ty: 0 });
    // A shift before a stretch is stretched with it.
    close(compose(scale2d(2, 3), translate2d(1, 2)), { tx: 2, ty: 6 });
  });
});

describe('on the pixel grid', () => {
  test('flips, quarter turns and whole shifts are exact', () => {
    const last = SIZE - 1;
    const mirrored = moveOnGrid(image, xFlip.matrix([1], SIZE));
    const upset = moveOnGrid(image, yFlip.matrix([1], SIZE));
    const turned = moveOnGrid(image, quarterTurn.matrix([1], SIZE));
    const shifted = moveOnGrid(image, translate2d(1, -2));
    for (let y = 0; y < SIZE; y++)
      for (let x = 0; x < SIZE; x++)
        for (const c of [0, 1]) {
          expect(pixel(mirrored, x, y, c)).toBe(pixel(image.values, last - x, y, c));
          expect(pixel(upset, x, y, c)).toBe(pixel(image.values, x, last - y, c));
          // Rotate2D(−π/2): counter-clockwise on the screen; the upper right corner comes to the upper left.
          expect(pixel(turned, x, y, c)).toBe(pixel(image.values, last - y, x, c));
          const from = [x - 1 < 0 ? 1 : x - 1, y + 2 > last ? 2 * last - y - 2 : y + 2] as const;
          expect(pixel(shifted, x, y, c)).toBe(pixel(image.values, ...from, c));
        }
    expect(moveOnGrid({ ...image, values: turned }, quarterTurn.matrix([3], SIZE))).toEqual(image.values);
    const half = moveOnGrid(image, quarterTurn.matrix([2], SIZE));
    expect(moveOnGrid({ ...image, values: mirrored }, yFlip.matrix([1], SIZE))).toEqual(half);
    expect(() => moveOnGrid(image, translate2d(0.5, 0))).toThrow(/expected a map from pixels to pixels/);
  });
});

describe('transforms, as EDM’s Table 8 has them', () => {
  test('matrices', () => {
    const s = 2 ** (0.2 * 1.5);
    close(scaling.matrix([1.5], 32), scale2d(s, s));
    close(rotation.matrix([0.4], 32), rotate2d(-0.4));
    close(anisotropy.matrix([0.4, 1.5], 32), compose(rotate2d(0.4), compose(scale2d(s, 1 / s), rotate2d(-0.4))));
    close(translation.matrix([1, -2], 32), translate2d(4, -8));
    close(wholeTranslation.matrix([0.9, -0.4], 20), translate2d(2, -1));
    // A quarter turn is the rotation by as much.
    for (const a of [0, 1, 2, 3]) close(quarterTurn.matrix([a], 32), rotation.matrix([(a * Math.PI) / 2], 32));
  });

  test('labels', () => {
    expect(xFlip.labels([1])).toEqual([1]);
    expect(scaling.labels([-0.7])).toEqual([-0.7]);
    expect(rotation.labels([0.4])).toEqual([Math.cos(0.4) - 1, Math.sin(0.4)]);
    expect(anisotropy.labels([0.4, 1.5])).toEqual([1.5 * Math.cos(0.4), 1.5 * Math.sin(0.4)]);
    expect(translation.labels([1, -2])).toEqual([1, -2]);
    expect(quarterTurn.labels([1])).toEqual([-1, 1]);
    expect(() => createAugment({ probability: 1, transforms: [...TRANSFORMS.values()] })).not.toThrow();
    for (const transform of TRANSFORMS.values()) {
      const none = new Array<number>(transform.parameters).fill(0);
      expect(transform.labels(none).map((label) => label + 0)).toEqual(new Array(transform.labelDim).fill(0));
      close(transform.matrix(none, 32), { xx: 1, xy: 0, tx: 0, yx: 0, yy: 1, ty: 0 });
    }
  });
});

describe('the pipeline', () => {
  const run = (probability: number, count: number): Augmented[] => {
    const augment = createAugment({ probability });
    return Array.from({ length: count }, (_, nimg) => augment.apply(image, random, nimg));
  };

  test('probability 0 leaves images as they are, with labels of zeros', () => {
    for (const { values, labels } of run(0, 20)) {
      expect(values).toEqual(image.values);
      expect(labels).toEqual(new Float32Array(9));
    }
  });

  test('transforms come as often as they should, x-flips in half of all images', () => {
    const augment = createAugment({ probability: 0.2 });
    const point: Image = { values: Float32Array.of(1), size: 1, channels: 1 };
    const all = Array.from({ length: 2000 }, (_, nimg) => augment.apply(point, random, nimg));
    const share = (of: number): number => all.filter(({ labels }) => labels[of] !== 0).length / all.length;
    // Five standard deviations are 0.056 at a half and 0.045 at a fifth.
    expect(Math.abs(share(0) - 0.5)).toBeLessThan(0.056);
    expect(Math.abs(share(1) - 0.1)).toBeLessThan(0.034);
    for (const of of [2, 4, 6, 7, 8]) expect(Math.abs(share(of) - 0.2)).toBeLessThan(0.045);
  });

  test('nothing but a flip leaves every pixel whole', () => {
    const all = run(0.1, 60);
    const flipped = all.filter(({ labels }) => labels[0] === 1 && labels.subarray(1).every((label) => label === 0));
    expect(flipped.length).toBeGreaterThan(5);
    const mirrored = moveOnGrid(image, xFlip.matrix([1], SIZE));
    for (const { values } of flipped) expect(values).toEqual(mirrored);
  });

  test('an image depends on seed and number alone', () => {
    const augment = createAugment({ probability: 1 });
    const seventh = augment.apply(image, createRandom(5), 7);
    expect(run(1, 8)[7]).toEqual(seventh);
    expect(augment.apply(image, createRandom(6), 7).labels).not.toEqual(seventh.labels);
    // The other transforms draw what they drew.
    const turned = createAugment({ probability: 1, transforms: [rotation] }).apply(image, random, 7);
    expect(turned.labels).toEqual(seventh.labels.slice(3, 5));
  });

  test('transforms are applied in their order', () => {
    const augment = createAugment({ probability: 1, transforms: [wholeTranslation, xFlip] });
    const all = Array.from({ length: 60 }, (_, nimg) => augment.apply(image, random, nimg));
    const flipped = all.filter(({ labels }) => labels[2] === 1 && Math.abs(labels[0] ?? 0) * SIZE > 4);
    expect(flipped.length).toBeGreaterThan(2);
    for (const { values, labels } of flipped) {
      const shift = wholeTranslation.matrix([...labels.subarray(0, 2)], SIZE);
      expect(values).toEqual(moveOnGrid(image, compose(xFlip.matrix([1], SIZE), shift)));
    }
  });

  test('what is no pipeline is refused', () => {
    expect(() => createAugment({ probability: 1.5 })).toThrow('expected 0 ≤ probability ≤ 1, got 1.5');
    expect(() => createAugment({ probability: 1, transforms: [scaling, yFlip] })).toThrow(/got y-flip after scaling/);
  });
});

import { expect, test } from 'vitest';
import { partOf, partShape, putPart, splitsOf } from './sharding.js';

const SHAPES = [[4], [2, 3], [3, 2, 1, 4]];

test.each(
  SHAPES.flatMap((shape) => shape.flatMap((_, split) => [1, 2, 3].map((devices) => [shape, split, devices] as const))),
)('parts of [%s] along axis %i over %i devices are put together again', (extents, split, devices) => {
  const shape = extents.map((n, axis) => (axis === split ? n * devices : n));
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i + 1);
  const whole = new Float32Array(data.length);
  for (let device = 0; device < devices; device++) {
    const part = partOf(data, shape, split, devices, device);
    expect(part).toHaveLength(partShape(shape, split, devices).reduce((a, b) => a * b, 1));
    putPart(whole, part, shape, split, devices, device);
  }
  expect(whole).toEqual(data);
});

test('the second of two devices holds the second half of each row', () => {
  expect([...partOf(Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7), [2, 4], 1, 2, 1)]).toEqual([2, 3, 6, 7]);
});

test.each([
  [0, /expected an axis of '1\.images' \[6,4\] that divides by 4 devices, got axis 0\. Choose a batch/],
  [2, /got axis 2/],
])('axis %i cannot be split', (axis, message) => {
  expect(() => splitsOf([{ shape: [6, 4] }], ['1.images'], () => axis, 4)).toThrow(message);
});

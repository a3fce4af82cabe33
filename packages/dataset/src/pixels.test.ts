import { pixelsToUnit, unitToPixels } from '@edm2/dataset';
import { expect, it } from 'vitest';

it('maps pixels to −1…1 and back without loss', () => {
  const pixels = Uint8Array.from({ length: 256 }, (_, i) => i);
  const unit = pixelsToUnit(pixels);
  expect([unit[0], unit[51], unit[255]]).toEqual([-1, Math.fround(51 / 127.5 - 1), 1]);
  expect([...unitToPixels(unit)]).toEqual([...pixels]);
});

it('truncates and clips on the way back', () => {
  // x·127.5 + 128: 128.9 → 128, 127.1 → 127, out of range → the nearest end.
  const unit = [0.9 / 127.5, -0.9 / 127.5, 0, 1.5, -1.5, -128 / 127.5, Number.NaN, Number.POSITIVE_INFINITY];
  expect([...unitToPixels(unit)]).toEqual([128, 127, 128, 255, 0, 0, 0, 255]);
});

import { kimgToNimg, parseSnapshotName, snapshotName } from '@edm2/tensor-files';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const images = fc.oneof(
  fc.nat(200_000),
  fc.nat().map((n) => 1000 * n),
  fc.nat(2 ** 22).map((n) => 1024 * n),
  fc.double({ min: 0, max: 2 ** 53, noNaN: true }),
);
const length = fc.double({ min: 1e-9, max: 0.2887, noNaN: true });

describe('snapshotName', () => {
  it('keeps the names of EDM2’s tools where they stand for one time', () => {
    const name = (nimg: number, sigmaRel = 0.12) => snapshotName('phema', { nimg, sigmaRel });
    expect(name(60_000)).toBe('phema-0000060-0.120.safetensors');
    expect(name(8 * 2 ** 20, 0.1)).toBe('phema-0008388-0.100.safetensors');
    expect(name(2 ** 31)).toBe('phema-2147483-0.120.safetensors');
    expect(name(1200)).toBe('phema-0000001.200-0.120.safetensors');
    expect(name(500, 0.1234)).toBe('phema-0000000.500-0.1234.safetensors');
    expect(name(60_416)).toBe('phema-0000060.416-0.120.safetensors');
    expect(snapshotName('net', { nimg: 25_600, sigmaRel: 0.1 }, { time: 'thousands' })).toBe(
      'net-0000025-0.100.safetensors',
    );
    expect(snapshotName('net', { nimg: 25_000, sigmaRel: 0.1 }, { time: 'images' })).toBe(
      'net-0000025.000-0.100.safetensors',
    );
    expect(() => name(Number.NaN)).toThrow(/nimg ≥ 0, got NaN/);
    expect(() => name(1, -1)).toThrow(/sigmaRel ≥ 0, got -1/);
  });

  it('gives no two labels one name', () => {
    const times = [0, 131_000]
      .flatMap((from) => Array.from({ length: 5000 }, (_, i) => from + i))
      .concat(
        ...Array.from({ length: 2000 }, (_, i) => [1024 * i, 1000 * i, kimgToNimg(i), 2 ** 17 * i, 1000 * 131 * i]),
      );
    const distinct = new Set(times);
    expect(new Set([...distinct].map((nimg) => snapshotName('p', { nimg, sigmaRel: 0.1 }))).size).toBe(distinct.size);
    fc.assert(
      fc.property(images, images, length, length, (a, b, s, r) => {
        fc.pre(a !== b || s !== r);
        expect(snapshotName('p', { nimg: a, sigmaRel: s })).not.toBe(snapshotName('p', { nimg: b, sigmaRel: r }));
      }),
    );
  });

  it('is read back: all of it, or as EDM2’s training means its thousands', () => {
    fc.assert(
      fc.property(images, length, fc.constantFrom('net', 'a-0000001-0.1', 'x.y'), (nimg, sigmaRel, prefix) => {
        const label = { nimg, sigmaRel };
        const exact = { prefix, ...label, exact: true };
        expect(parseSnapshotName(snapshotName(prefix, label, { time: 'images' }))).toEqual(exact);
        const found = parseSnapshotName(`/run-1/${snapshotName(prefix, label)}`);
        expect(found).toEqual(
          found?.exact ? exact : { ...exact, exact: false, nimg: kimgToNimg(Math.floor(nimg / 1000)) },
        );
      }),
    );
    expect(parseSnapshotName('edm2-img512-xs-2147483-0.025.pkl')).toEqual({
      prefix: 'edm2-img512-xs',
      sigmaRel: 0.025,
      nimg: 2 ** 31,
      exact: false,
    });
    for (const name of [
      'net-0000001.safetensors',
      'net-0000001-halflife.safetensors',
      'net-0000001.5-0.1.pkl',
      '0.50.pt',
    ])
      expect(parseSnapshotName(name)).toBeUndefined();
  });
});

it('turns thousands back into multiples of 1024', () => {
  for (const kimg of [8388, 16777, 134217, 2147483, 262, 0]) expect(kimgToNimg(kimg) % 1024).toBe(0);
  expect(kimgToNimg(8388)).toBe(8 * 2 ** 20);
  expect(kimgToNimg(2147483)).toBe(2 ** 31);
});

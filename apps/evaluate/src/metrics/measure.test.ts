import { createCollector } from '@edm2/app-kit/scores/collect';
import { frechetDistance, kernelDistance, precisionRecall, vendiScore } from '@edm2/fid';
import { createRandom } from '@edm2/random';
import { describe, expect, test } from 'vitest';
import { figuresOf, formatFigure, warnings } from './figures.js';
import { measure } from './measure.js';
import { parseMetrics } from './metrics.js';

const DIMS = 6;
const CLASSES = 5;
const random = createRandom(3);
/** 60 images: features around `shift`, logits that favour class i mod 5, every second read as asked. */
function collect(name: string, shift: number, keep = { features: true, logits: true }) {
  const collector = createCollector({ dims: DIMS }, keep);
  const count = 60;
  collector.add({
    features: random
      .stream(name)
      .normal(count * DIMS)
      .map((z) => z + shift),
    logits: Float32Array.from({ length: count * CLASSES }, (_, i) =>
      i % CLASSES === Math.floor(i / CLASSES) % CLASSES ? 9 : 0,
    ),
    agreed: Int8Array.from({ length: count }, (_, i) => i % 2),
  });
  return collector.result();
}
const real = collect('real', 0);
const fake = collect('fake', 0.3);
const reference = { ...real.statistics, features: real.features ?? new Float32Array(0) };
const network = { name: 'inception', figure: 'FID', dims: DIMS };
const { metrics } = parseMetrics('fd,sfd,kid,pr,dc,is,vendi');

describe('figures of a set of images', () => {
  test('each is that of @edm2/fid, real and generated images in their places', async () => {
    const { values, spreads, n } = await measure(fake, { network, reference, metrics, resamples: 5 });
    const [x, y] = [reference.features, fake.features ?? new Float32Array(0)];
    expect(n).toBe(60);
    expect(values.fd).toBe(frechetDistance(fake.statistics, real.statistics));
    expect(values.kid).toBe(kernelDistance(x, y, { dims: DIMS, subsets: 100 }).mean);
    const { precision, recall, density, coverage } = precisionRecall(x, y, { dims: DIMS });
    expect(values).toMatchObject({ precision, recall, density, coverage, agreement: 0.5 });
    expect(precision).not.toBe(recall);
    expect(values.vendi).toBe(vendiScore(y, { dims: DIMS }));
    // Five classes, each image sure of one; splits hold few images, so a little less than five.
    expect(values.is).toBeGreaterThan(3);
    expect(values.is).toBeLessThan(5);
    expect(values.sfd).toBeGreaterThan(0);
    expect(values.sfd).toBeLessThan(values.fd ?? 0);
    expect(Object.entries(spreads).map(([key, { over }]) => [key, over])).toEqual([
      ['fd', 'resamples'],
      ['sfd', 'resamples'],
      ['kid', 'subsets'],
      ['is', 'splits'],
    ]);
    expect(spreads.fd?.std).toBeGreaterThan(0);
  });

  test('metrics that compare images refuse statistics alone', async () => {
    const { features: _, ...alone } = reference;
    await expect(measure(fake, { network, reference: alone, metrics: ['kid'] })).rejects.toThrow(/--keep-features/);
    const { logits: __, ...unclassified } = fake;
    await expect(measure(unclassified, { network, reference, metrics: ['is'] })).rejects.toThrow(/classifies/);
  });

  test('lines: several draws say how they spread, one draw what its own spread is over', async () => {
    const one = await measure(fake, { network, reference, metrics });
    const other = await measure(collect('again', 0.4), { network, reference, metrics });
    const single = figuresOf(network, metrics, [one]).map(formatFigure);
    expect(single[0]).toMatch(/^FID {2}[\d.]+ {3}n = 60, one draw$/);
    expect(single[2]).toMatch(/^KID {2}-?[\de.-]+ ± [\de.-]+ {3}n = 60, one draw \(± over subsets\)$/);
    expect(single.map((line) => line.split('  ')[0])).toEqual([
      ...['FID', 'sliced Fréchet distance', 'KID', 'precision', 'recall', 'density', 'coverage'],
      ...['Inception Score', 'Vendi score', 'label agreement'],
    ]);
    const both = figuresOf({ ...network, name: 'classifier' }, metrics, [one, other]);
    expect(both[2]).toMatchObject({ key: 'kid', name: 'KID (classifier features)', draws: 2, over: 'draws' });
    expect(both[0]?.std).toBeCloseTo(Math.abs((one.values.fd ?? 0) - (other.values.fd ?? 0)) / Math.SQRT2, 10);
  });
});

test('a warning for each kind of figure that n is too small for, of the smaller set', () => {
  expect(warnings({ dims: 2048 }, metrics, 50_000)).toEqual([]);
  expect(warnings({ dims: 2048 }, ['fd'], 50_000, 1500)).toEqual([expect.stringMatching(/^1500 real images for 2048/)]);
  expect(warnings({ dims: 64 }, metrics, 500, 10_000).map((text) => text.split(': ')[1]?.slice(0, 9))).toEqual([
    ...['distances', "KID's sub", 'precision', 'Inception', 'Vendi sco'],
  ]);
  expect(warnings({ dims: 64 }, ['kid'], 1000)).toEqual([]);
});

describe('names of metrics', () => {
  test("other tools' names mean the same, and keep to their network", () => {
    expect(parseMetrics('FID, isc,prc,fd')).toEqual({ metrics: ['fd', 'is', 'pr'], networks: ['inception'] });
    expect(parseMetrics('fd_dinov2').networks).toEqual(['dinov2']);
  });
  test.each(['', 'fdd', 'toString', 'fd,'])('%j is refused', (text) => {
    expect(() => parseMetrics(text)).toThrow(/--metrics: expected any of fd, sfd, kid/);
  });
});

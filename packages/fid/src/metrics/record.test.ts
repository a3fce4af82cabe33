import {
  canResample,
  createStatistics,
  figuresOverDraws,
  frechetDistance,
  type ImageFeatures,
  inceptionScore,
  kernelDistance,
  type MetricKey,
  measureMetrics,
  metrics,
  metricWarnings,
  needsOf,
  parseMetrics,
  precisionRecall,
  vendiScore,
} from '@edm2/fid';
import { describe, expect, it } from 'vitest';

const all = Object.keys(metrics) as MetricKey[];
const DIMS = 4;
const CLASSES = 5;
const network = { name: 'inception', figure: 'FID', dims: DIMS };

/** n images: features around `shift`, logits sure of a class, the classes one after the other as in sorted folders. */
function images(n: number, shift: number): Required<ImageFeatures> & { features: Float32Array; logits: Float32Array } {
  const features = Float32Array.from({ length: n * DIMS }, (_, i) => Math.sin(i * i + i) * (2 - 4 * shift) + shift);
  const logits = Float32Array.from({ length: n * CLASSES }, (_, i) => {
    const image = Math.floor(i / CLASSES);
    return i % CLASSES === Math.floor((image * CLASSES) / n) ? 9 : 0;
  });
  const statistics = createStatistics(DIMS);
  statistics.add(features);
  return { n, statistics: statistics.result(), features, logits };
}
const real = images(50, 0);
const fake = images(60, 0.3);
const measured = (keys: readonly MetricKey[], more: { seed?: number; resamples?: number } = {}) =>
  measureMetrics(fake, real, { metrics: keys, network, ...more });

describe('the record of metrics', () => {
  it('gives the figures that each entry names, of real and generated images in their places', () => {
    const figures = measured(all);
    expect(Object.keys(figures)).toEqual(all.flatMap((key) => Object.keys(metrics[key].figures)));
    expect(figures.fd).toEqual({ value: frechetDistance(fake.statistics, real.statistics) });
    const shares = precisionRecall(real.features, fake.features, { k: 3, dims: DIMS });
    for (const key of ['precision', 'recall', 'density', 'coverage'] as const)
      expect(figures[key]).toEqual({ value: shares[key] });
    expect(shares.precision).not.toBe(shares.recall);
    expect(figures.vendi?.value).toBe(vendiScore(fake.features, { dims: DIMS }));
    expect(figures.sfd?.value).toBeGreaterThan(0);
    expect(figures.sfd?.value).toBeLessThan(figures.fd?.value ?? 0);
  });

  it.each(all)('%s takes no more than it says that it needs, and refuses to do without', (key) => {
    const needs = needsOf([key]);
    const has = (what: 'features' | 'logits') => (needs.has(what) ? { [what]: fake[what] } : {});
    const only = { n: fake.n, statistics: fake.statistics, ...has('features'), ...has('logits') };
    const against = {
      n: real.n,
      statistics: real.statistics,
      ...(needs.has('realFeatures') ? { features: real.features } : {}),
    };
    expect(measureMetrics(only, against, { metrics: [key], network })).toEqual(measured([key]));
    const bare = { n: fake.n, statistics: fake.statistics };
    const without = () => measureMetrics(bare, { n: real.n, statistics: real.statistics }, { metrics: [key], network });
    if (needs.size > 0) expect(without).toThrow(/^\w+: expected the (features|class logits) of every/);
    else expect(without).not.toThrow();
  });

  it('KID: up to 1000 images of the whole sets, one number; beyond that, subsets of 1000 with their deviation', () => {
    expect(measured(['kid']).kid).toEqual({ value: kernelDistance(real.features, fake.features, { dims: DIMS }) });
    const set = (n: number, shift: number): ImageFeatures => ({
      n,
      statistics: real.statistics,
      features: Float32Array.from({ length: n }, (_, i) => Math.sin(i * i) + shift),
    });
    const [more, many] = [set(1001, 0.5), set(1002, 0)];
    const { kid } = measureMetrics(more, many, { metrics: ['kid'], network: { ...network, dims: 1 } });
    expect(kid).toMatchObject({ over: 'subsets', of: '100 subsets of 1000' });
    // All but one or two of the images are in every subset.
    const whole = kernelDistance(many.features ?? [], more.features ?? [], { dims: 1 });
    expect(kid?.value).not.toBe(whole);
    expect((kid?.value ?? 0) / whole).toBeCloseTo(1, 2);
    expect(kid?.std).toBeGreaterThan(0);
  });

  it('Inception Score: images that lie class by class are shuffled before they are split, by the seed', () => {
    const inOrder = inceptionScore(fake.logits, { dims: CLASSES, splits: 10 });
    // Six images of one class, or of two: a score of sorted images says next to nothing.
    expect(inOrder.mean).toBeLessThan(1.5);
    const score = measured(['is']).is;
    expect(score).toMatchObject({ over: 'splits', of: '10 splits' });
    expect(score?.value).toBeGreaterThan(2.5);
    expect(measured(['is'])).toEqual({ is: score });
    const few = measureMetrics(images(19, 0), real, { metrics: ['is'], network }).is;
    expect(few).toEqual({ value: inceptionScore(images(19, 0).logits, { dims: CLASSES, splits: 1 }).mean });
    expect(measured(['is'], { seed: 1 }).is?.value).not.toBe(score?.value);
  });

  it('resampled distances keep their value and gain a deviation', () => {
    const { fd, sfd, kid } = measured(['fd', 'sfd', 'kid'], { resamples: 4 });
    expect(fd).toMatchObject({ value: measured(['fd']).fd?.value, over: 'resamples', of: '4 resamples' });
    expect(Math.min(fd?.std ?? 0, sfd?.std ?? 0)).toBeGreaterThan(0);
    expect(kid?.over).toBeUndefined();
    expect(needsOf(['fd'], { resamples: 4 })).toEqual(new Set(['features']));
    expect([canResample(['kid', 'sfd']), canResample(['kid', 'is'])]).toEqual([true, false]);
  });
});

describe('figures over draws', () => {
  const kinds = { ...metrics.fd.figures, ...metrics.kid.figures };
  it('of one draw its own deviation, of several the sample deviation over them', () => {
    const one = { fd: { value: 3, std: 1, over: 'resamples' as const, of: '4 resamples' }, kid: { value: 5 } };
    expect(figuresOverDraws(kinds, network, [one])).toEqual([
      { key: 'fd', name: 'FID', better: 'lower', ...one.fd },
      { key: 'kid', name: 'KID', better: 'lower', value: 5 },
    ]);
    const dinov2 = { ...network, name: 'dinov2', figure: 'FD_DINOv2' };
    expect(figuresOverDraws(kinds, dinov2, [one, { fd: { value: 5 } }])).toEqual([
      { key: 'fd', name: 'FD_DINOv2', better: 'lower', value: 4, std: Math.SQRT2, over: 'draws', of: '2 draws' },
    ]);
  });
});

describe('warnings', () => {
  it('one for each kind of figure that n is too small for, of the smaller set', () => {
    expect(metricWarnings(all, { n: 50_000, dims: 2048 })).toEqual([]);
    expect(metricWarnings(['fd'], { n: 50_000, nReference: 1500, dims: 2048 })).toEqual([
      expect.stringMatching(/^1500 real images for 2048/),
    ]);
    expect(
      metricWarnings(all, { n: 500, nReference: 10_000, dims: 64 }).map((text) => text.split(': ')[1]?.slice(0, 9)),
    ).toEqual(['distances', 'KID is of', 'precision', 'Inception', 'Vendi sco']);
    expect(metricWarnings(['kid'], { n: 1000, dims: 64 })).toEqual([]);
    expect(metricWarnings(all, { n: undefined, dims: 64 })).toEqual([]);
  });
});

describe('names of metrics', () => {
  it("other tools' names mean the same, and keep to their network", () => {
    expect(parseMetrics('FID, isc,prc,fd')).toEqual({ metrics: ['fd', 'is', 'pr'], networks: ['inception'] });
    expect(parseMetrics('fd_dinov2').networks).toEqual(['dinov2']);
  });
  it.each(['', 'fdd', 'toString', '__proto__', 'fd,'])('%j is refused', (text) => {
    expect(() => parseMetrics(text)).toThrow(/--metrics: expected any of fd, sfd, kid/);
  });
});

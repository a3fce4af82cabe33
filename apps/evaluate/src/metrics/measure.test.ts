import { measure } from '@edm2/app-scoring/scores/measure';
import { frechetDistance, measureMetrics, metrics as record } from '@edm2/fid';
import { createRandom } from '@edm2/random';
import { createCollector } from 'edm2/parts';
import { describe, expect, test } from 'vitest';
import { figuresOf, formatFigure } from './figures.js';

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
const metrics = ['fd', 'sfd', 'kid', 'pr', 'dc', 'is', 'vendi'] as const;

describe('figures of a set of images', () => {
  test('are those of the record, real and generated images in their places, and label agreement', async () => {
    expect([...metrics]).toEqual(Object.keys(record));
    const { figures, n } = await measure(fake, { network, reference, metrics, resamples: 5, seed: 2 });
    expect(n).toBe(60);
    expect(figures).toEqual({
      ...measureMetrics(fake, real, { network, metrics, resamples: 5, seed: 2 }),
      agreement: { value: 0.5 },
    });
    expect(figures.fd?.value).toBe(frechetDistance(fake.statistics, real.statistics));
  });

  test('metrics that compare images refuse statistics alone', async () => {
    const { features: _, ...alone } = reference;
    await expect(measure(fake, { network, reference: alone, metrics: ['kid'] })).rejects.toThrow(/--keep-features/);
    const { logits: __, ...unclassified } = fake;
    await expect(measure(unclassified, { network, reference, metrics: ['is'] })).rejects.toThrow(/classifies/);
  });

  test('lines: several draws say how they spread, one draw what its own spread is over', async () => {
    const one = await measure(fake, { network, reference, metrics, resamples: 3 });
    const other = await measure(collect('again', 0.4), { network, reference, metrics });
    const single = figuresOf(network, metrics, [one]).map(formatFigure);
    expect(single[0]).toMatch(/^FID {2}[\d.]+ ± [\d.]+ {3}n = 60, one draw \(± over 3 resamples\)$/);
    expect(single[2]).toMatch(/^KID {2}-?[\de.-]+ {3}n = 60, one draw$/);
    expect(single.map((line) => line.split('  ')[0])).toEqual([
      ...['FID', 'sliced Fréchet distance', 'KID', 'precision', 'recall', 'density', 'coverage'],
      ...['Inception Score', 'Vendi score', 'label agreement'],
    ]);
    const both = figuresOf({ ...network, name: 'classifier' }, metrics, [one, other]);
    expect(both[2]).toMatchObject({ key: 'kid', name: 'KID (classifier features)', draws: 2, over: 'draws' });
    const [a = 0, b = 0] = [one.figures.fd?.value, other.figures.fd?.value];
    expect(both[0]?.mean).toBeCloseTo((a + b) / 2, 10);
    expect(both[0]?.std).toBeCloseTo(Math.abs(a - b) / Math.SQRT2, 10);
  });
});

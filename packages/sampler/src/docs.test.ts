import { runMarkdown } from '@edm2/test-support';
import { expect, test } from 'vitest';

test('the README’s examples run: seeds in batches, a solver, guidance', async () => {
  const home = new URL('../', import.meta.url);
  const logged = await runMarkdown(new URL('README.md', home), home);
  expect(logged.slice(0, 4)).toEqual([
    [0, 1, 2, 3],
    [4, 8, 8, 3],
    [4, 5],
    [2, 8, 8, 3],
  ]);
  expect(logged.slice(4, -2)).toEqual(Array.from({ length: 16 }, (_, step) => step));
  const [variance, guided] = logged.slice(-2) as [number, number];
  // 384 values: the estimate of a variance of 0.25 is within 0.07 of it but once in 10,000 runs.
  expect(Math.abs(variance - 0.25)).toBeLessThan(0.08);
  expect(guided).toBeLessThan(variance);
});

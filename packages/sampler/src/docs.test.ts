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
  // Of 384 values with a seed: a draw of its own each time would lie outside now and then.
  expect(Math.abs(variance - 0.25)).toBeLessThan(0.08);
  expect(guided).toBeLessThan(variance);
});

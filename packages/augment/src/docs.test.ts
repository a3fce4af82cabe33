import { runMarkdown } from '@edm2/test-support';
import { expect, test } from 'vitest';

test('the README’s example runs: a batch of one image and what the network is told of it', async () => {
  const home = new URL('../', import.meta.url);
  const [shape, labels] = (await runMarkdown(new URL('README.md', home), home)) as [number, number[]];
  expect(shape).toBe(16 * 16 * 3);
  expect(labels).toHaveLength(9);
});

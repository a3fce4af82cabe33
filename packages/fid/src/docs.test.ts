import { runMarkdown } from '@edm2/test-support';
import { expect, test } from 'vitest';

test('the README’s example runs and gives the distance it says', async () => {
  const home = new URL('../', import.meta.url);
  const [distance] = await runMarkdown(new URL('README.md', home), home);
  // The shifts are float32: 4 · 0.5² to about 1e-7.
  expect(distance).toBeCloseTo(1, 6);
});

import { runMarkdown } from '@edm2/test-support';
import { expect, test } from 'vitest';

test('the README’s example runs', async () => {
  const home = new URL('../', import.meta.url);
  const [objective, mean] = await runMarkdown(new URL('README.md', home), home);
  expect(Number.isFinite(objective)).toBe(true);
  expect((mean as Float64Array).length).toBe(16);
});

import { runMarkdown } from '@edm2/test-support';
import { expect, test } from 'vitest';

test('the README’s example runs and prints what it says', async () => {
  const home = new URL('../', import.meta.url);
  const logged = await runMarkdown(new URL('README.md', home), home);
  expect(logged).toEqual([6, 16, 3, ['blue', 'red'], [4, 16, 16, 3], 8, 3072]);
});

import { runMarkdown } from '@edm2/test-support';
import { expect, test } from 'vitest';

const home = new URL('../', import.meta.url);

test('the README’s example writes a file', async () => {
  const logged = await runMarkdown(new URL('README.md', home), home);
  expect(logged.join('\n')).toMatch(/^\d{3,} bytes$/);
});

import { runMarkdown } from '@edm2/test-support';
import { expect, it } from 'vitest';
import { CPU_PLUGIN, IF_INSTALLED } from './installed.test-support.js';

const home = new URL('../', import.meta.url);

it.skipIf(CPU_PLUGIN === undefined)(`the README’s example runs, ${IF_INSTALLED}`, async () => {
  const logged = await runMarkdown(new URL('README.md', home), home);
  expect(logged.join('\n')).toMatch(/3, 3/);
});

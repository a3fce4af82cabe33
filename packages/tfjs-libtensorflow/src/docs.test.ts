import { runMarkdown } from '@edm2/test-support';
import { expect, it } from 'vitest';
import { installed, named } from './installed.test-support.js';

const home = new URL('../', import.meta.url);

it.skipIf(installed === undefined)(named('the README’s example runs'), async () => {
  const logged = await runMarkdown(new URL('README.md', home), home);
  expect(logged.join('\n')).toMatch(/compiled on .*CPU:0 by TensorFlow 2\.\d+\.\d+/);
  expect(logged.join('\n')).toMatch(/first loss 3\.22/);
  // Learned y = 3x − 1.
  expect(logged.join('\n')).toMatch(/after 200 steps w = (2\.9\d|3\.0\d), b = -(0\.9\d|1\.0\d)/);
});

it.skipIf(installed === undefined)(named('docs/guide/from-tfjs-node is a program that runs'), async () => {
  const logged = await runMarkdown(new URL('../../docs/guide/from-tfjs-node.md', home), home);
  expect(logged.slice(0, 2)).toEqual(['pixels kept:', true]);
  expect(logged[2]).toBe('compiled and not compiled differ by');
  expect(logged[3]).toBeLessThan(1e-6);
});

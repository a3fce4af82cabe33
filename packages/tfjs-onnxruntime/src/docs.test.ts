import { codeBlocks, goldenPath, runMarkdown } from '@edm2/test-support';
import { expect, test } from 'vitest';

const home = new URL('../', import.meta.url);

test('the README’s example runs compiled', async () => {
  const logged = await runMarkdown(new URL('README.md', home), home);
  expect(logged.join('\n')).toMatch(/\[1, 4, 9\]/);
});

// Here, because the compiler itself does not depend on an engine.
test('the example of tfjs-jit’s README runs compiled', async () => {
  const readme = new URL('../tfjs-jit/README.md', home);
  expect((await codeBlocks(readme, ['js'])).length).toBeGreaterThan(0);
  const logged = await runMarkdown(readme, home, { 'face-detection': goldenPath('face-detection-short') });
  // Rows of ones times columns of ones, 8 long; one signature compiled.
  expect(logged.join('\n')).toMatch(/\[8, 8\]/);
  expect(logged.slice(1, 3)).toEqual(['onnxruntime', 1]);
  expect(logged[3]).toEqual([1, 896, 17]);
  // Then an engine of one's own.
  expect(logged[4]).toEqual([1, 4, 9]);
  // Then a tf.layers model: two rows of three probabilities, and a loss.
  expect(logged[5]).toMatch(/^Tensor\s+\[\[0\.\d+, /);
  expect(logged[6]).toMatch(/^Tensor\s+\d+\.\d+/);
});

import { runMarkdown } from '@edm2/test-support';
import { expect, test } from 'vitest';

test('the README’s example starts an engine and says why', async () => {
  const home = new URL('../', import.meta.url);
  const [why] = await runMarkdown(new URL('README.md', home), home);
  expect(why).toMatch(/^(tensorflow-gpu|onnxruntime) \d+\.\d+\.\d+ on .+, the best of what answers here/);
});

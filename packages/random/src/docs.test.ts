import { createRandom } from '@edm2/random';
import { runMarkdown } from '@edm2/test-support';
import { expect, test } from 'vitest';

test('the README’s example runs and draws by address', async () => {
  const home = new URL('../', import.meta.url);
  const logged = await runMarkdown(new URL('README.md', home), home);
  const random = createRandom(1);
  const labels = random.stream('labels', 42);
  const first = random.stream('epoch', 7).permutation(60_000)[0];
  expect(logged).toEqual([12_288, first, labels.integers(2, 10), labels.uniform(1)]);
});

import '@tensorflow/tfjs';
import { codeBlocks, runMarkdown } from '@edm2/test-support';
import { expect, test } from 'vitest';

const home = new URL('../', import.meta.url);

test.each([
  ['the package’s', 'README.md'],
  ['the repository’s first screen', '../../README.md'],
])('the program of %s README draws digits', async (_, path) => {
  const readme = new URL(path, home);
  expect((await codeBlocks(readme, ['ts'])).join('').trim().split('\n').length).toBeLessThanOrEqual(10);
  const logged = await runMarkdown(readme, home);
  expect(logged).toContain('seeds 0,1,2,3,4,5,6,7,8,9 → images of 10×16×16×1');
});

test('both READMEs show the same program', async () => {
  const [ours, first] = await Promise.all(
    ['README.md', '../../README.md'].map((path) => codeBlocks(new URL(path, home), ['ts'])),
  );
  expect(ours).toEqual(first);
});

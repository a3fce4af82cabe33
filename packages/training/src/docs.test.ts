import { runMarkdown } from '@edm2/test-support';
import { describe, expect, test } from 'vitest';

const home = new URL('../', import.meta.url);
const numbers = (said: readonly unknown[]): number[] => said.filter((word): word is number => typeof word === 'number');

describe('the code blocks are one program that runs, and learns:', () => {
  test('README', async () => {
    const logged = numbers(await runMarkdown(new URL('README.md', home), home));
    // Image number, loss, image number, loss …
    expect(logged.length).toBeGreaterThan(6);
    expect(logged.at(-1)).toBeLessThan((logged[1] ?? 0) - 1);
  });

  test('docs/guide/training', async () => {
    // In the folder of the app that wires the same packages; this one does not depend on the sampler.
    const logged = await runMarkdown(new URL('../../docs/guide/training.md', home), new URL('../../apps/train/', home));
    const [first, last] = numbers(logged);
    expect(last).toBeLessThan((first ?? 0) - 1);
    // The pictures at the end.
    expect(logged.filter((word) => typeof word === 'string' && /^([.#]{8}\n){7}[.#]{8}$/.test(word))).toHaveLength(4);
  });
});

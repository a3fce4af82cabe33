import { runMarkdown } from '@edm2/test-support';
import { expect, test } from 'vitest';

test('the README’s examples run: a file round trip, and a state dict’s', async () => {
  const home = new URL('../', import.meta.url);
  const logged = await runMarkdown(new URL('README.md', home), home);
  const [metadata, names, bias, ...rest] = logged;
  expect(metadata).toEqual({ note: 'an example' });
  expect(names).toEqual(['conv.weight', 'conv.bias']);
  expect(bias).toMatchObject({ dtype: 'F16', shape: [2] });
  const weight = Float32Array.of(1, 2, 3, 4, 5, 6);
  // 0.1 and 0.2 in 16 bits.
  expect(rest).toEqual([
    6,
    [2, 3],
    weight,
    Float32Array.of(0.0999755859375, 0.199951171875),
    [],
    'global',
    expect.stringContaining('"os.system"'),
    { 'dense.weight': { shape: [2, 3], data: weight } },
  ]);
});

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DECOMPOSITIONS } from './decompose/table.js';
import { elementwise } from './kernels/elementwise.js';
import { indexing } from './kernels/indexing.js';
import { matmul } from './kernels/matmul.js';
import { order } from './kernels/order.js';
import { reductions } from './kernels/reduce.js';
import { shapes } from './kernels/shape.js';
import { KERNELS } from './kernels/table.js';
import { windows } from './kernels/window.js';
import { LOWERINGS as ONNX } from './lower/onnx/table.js';
import { LOWERINGS as TENSORFLOW } from './lower/tensorflow/table.js';

const FAMILIES = {
  'element-wise': elementwise,
  reductions,
  'matrix products': matmul,
  shapes,
  'windows and resizing': windows,
  indexing,
  order,
};

/** Kernels of a family without a lowering in one format. */
const without = (names: readonly string[], table: object): string =>
  names.filter((name) => !(name in table)).join(', ') || 'all';

function table(): string {
  const rows = Object.entries(FAMILIES).map(([family, specs]) => {
    const names = Object.keys(specs).sort();
    const missing = (lowerings: object): string => {
      const list = without(names, lowerings);
      return list === 'all' ? list : `all but ${list}`;
    };
    return `| ${family} | ${names.join(', ')} | ${missing(ONNX)} | ${missing(TENSORFLOW)} |`;
  });
  // A kernel that is recorded as others in some of its forms only has its row above.
  const composed = Object.keys(DECOMPOSITIONS)
    .filter((name) => !(name in KERNELS))
    .sort();
  return [
    '| family | kernels | ONNX | TensorFlow |',
    '| --- | --- | --- | --- |',
    ...rows,
    `| recorded as simpler ones | ${composed.join(', ')} | all | all |`,
  ].join('\n');
}

it('the README lists every kernel, and what each engine runs', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, stored] = /<!-- kernels -->\n([\s\S]*?)\n<!-- end kernels -->/.exec(readme) ?? [];
  expect(stored).toBe(table());
});

it('every kernel has both lowerings', () => {
  const names = Object.keys(KERNELS);
  expect(names.length).toBeGreaterThan(100);
  expect([without(names, ONNX), without(names, TENSORFLOW)]).toEqual(['all', 'all']);
});

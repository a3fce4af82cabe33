import '@tensorflow/tfjs'; // registers the gradients
import { readdirSync, readFileSync } from 'node:fs';
import { getGradient } from '@tensorflow/tfjs-core';
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

const FAMILIES = {
  'element-wise': elementwise,
  reductions,
  'matrix products': matmul,
  shapes,
  'windows and resizing': windows,
  indexing,
  order,
};

/** What the tests of one file cover; the file itself holds its list against what it runs. */
interface Tested {
  readonly values: readonly string[];
  readonly gradients: readonly string[];
  readonly closedForms: readonly string[];
}

const folder = new URL('../../../test/engines/tested/', import.meta.url);
const TESTED: ReadonlyMap<string, Tested> = new Map(
  readdirSync(folder)
    .sort()
    .map((file) => [file.replace(/\.txt$/, ''), readTested(readFileSync(new URL(file, folder), 'utf8'))]),
);

/** Lines of a kind and its kernels: `values: Abs Add`. */
function readTested(text: string): Tested {
  const of = (kind: keyof Tested): string[] => new RegExp(`^${kind}: (.*)$`, 'm').exec(text)?.[1]?.split(' ') ?? [];
  return { values: of('values'), gradients: of('gradients'), closedForms: of('closedForms') };
}

const covers = (kind: keyof Tested, kernel: string): boolean =>
  [...TESTED.values()].some((lists) => lists[kind].includes(kernel));
const uncovered = (kind: keyof Tested, names: readonly string[]): string[] =>
  names.filter((name) => !covers(kind, name));

/** How a family is tested, and in which files of test/engines/src. */
function tested(names: readonly string[]): string {
  const allBut = (list: readonly string[]): string => (list.length === 0 ? 'all' : `all but ${list.join(', ')}`);
  const differentiable = names.filter((name) => getGradient(name) !== undefined);
  const closed = names.filter((name) => covers('closedForms', name));
  const files = [...TESTED].filter(([, { values }]) => names.some((name) => values.includes(name)));
  return [
    `values: ${allBut(uncovered('values', names))}`,
    differentiable.length === 0
      ? 'gradients: none has one'
      : `gradients: ${allBut(uncovered('gradients', differentiable))}`,
    ...(closed.length === 0 ? [] : [`closed forms: ${closed.length === names.length ? 'all' : closed.join(', ')}`]),
    `in ${files.map(([file]) => file).join(', ')}`,
  ].join('; ');
}

function table(): string {
  const rows = Object.entries(FAMILIES).map(([family, specs]) => {
    const names = Object.keys(specs).sort();
    return `| ${family} | ${names.join(', ')} | ${tested(names)} |`;
  });
  // A kernel that is recorded as others in some of its forms only has its row above.
  const composed = Object.keys(DECOMPOSITIONS)
    .filter((name) => !(name in KERNELS))
    .sort();
  return [
    '| family | kernels | tested |',
    '| --- | --- | --- |',
    ...rows,
    `| recorded as simpler ones | ${composed.join(', ')} | ${tested(composed)} |`,
  ].join('\n');
}

it('the README lists every kernel, and how it is tested', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, stored] = /<!-- kernels -->\n([\s\S]*?)\n<!-- end kernels -->/.exec(readme) ?? [];
  expect(stored).toBe(table());
});

it('every kernel is in one family', () => {
  expect(Object.values(FAMILIES).flatMap(Object.keys).sort()).toEqual(Object.keys(KERNELS).sort());
});

it('every kernel is tested', () => {
  expect(uncovered('values', [...Object.keys(KERNELS), ...Object.keys(DECOMPOSITIONS)])).toEqual([]);
});

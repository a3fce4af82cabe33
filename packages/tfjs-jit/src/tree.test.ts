import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { flatten, unflatten } from './tree.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Trees whose tensor leaves are numbers below 4: equal numbers stand for one shared tensor. */
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof({ depthSize: 'small', withCrossShrink: true }, tie('leaf'), tie('array'), tie('record')),
  leaf: fc.oneof(
    fc.nat(3).map((tensor) => ({ tensor })),
    fc.constantFrom(null, undefined, true, false, 'text', '', 0, -0, Number.NaN, Number.POSITIVE_INFINITY, 2n),
  ),
  array: fc.array(tie('tree'), { maxLength: 3 }),
  record: fc.dictionary(fc.constantFrom('a', 'b.c', '0', 'é'), tie('tree'), { maxKeys: 3 }),
}));

const isLeaf = (node: unknown): node is { tensor: number } =>
  typeof node === 'object' && node !== null && 'tensor' in node && typeof node.tensor === 'number';

describe('flatten and unflatten', () => {
  it('give a tree back, tensors at their places in order, statics as they were, shared tensors shared', () => {
    const pool = [0, 1, 2, 3].map((n) => tf.scalar(n));
    const planted = (node: unknown): unknown => {
      if (isLeaf(node)) return pool[node.tensor];
      if (Array.isArray(node)) return node.map(planted);
      if (typeof node !== 'object' || node === null) return node;
      return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, planted(item)]));
    };
    fc.assert(
      fc.property(tree, (drawn) => {
        const original = planted(drawn);
        const { structure, tensors, paths, places } = flatten(original, 'the tree');
        expect(unflatten(structure, tensors)).toStrictEqual(original);
        expect([paths.length, places.length]).toEqual([tensors.length, tensors.length]);
        // Other leaves go exactly where the tensors were.
        const again = flatten(unflatten(structure, [...tensors].reverse()), 'the tree');
        expect(again.tensors).toEqual([...tensors].reverse());
        expect(again.structure).toEqual(structure);
      }),
      { numRuns: 200, seed: 6 },
    );
    tf.dispose(pool);
  });

  it('refuses what is neither tensor nor static nor plain', () => {
    for (const wrong of [() => 1, new Map(), new Float32Array(1), Symbol('s'), new Date()])
      expect(() => flatten({ a: [wrong] }, 'the tree')).toThrow(TypeError);
  });
});

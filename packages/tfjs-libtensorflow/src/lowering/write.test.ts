import '@tensorflow/tfjs';
import { type Graph, traceFunction } from '@edm2/tfjs-jit/graph';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { planUpdates } from '../passes/updates/updates.js';
import type { GraphNode } from './graph-def.js';
import { writeNodes } from './write.js';

/** The graph of a function of the given tensors, before any pass. */
const graphOf = (fn: (...tensors: never[]) => unknown, tensors: readonly tf.Tensor[]): Graph =>
  traceFunction(fn, tensors).traced;

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const towards = (to: tf.Tensor, from: tf.Tensor): tf.Tensor => tf.add(from, tf.mul(tf.sub(to, from), 0.5));

/** a and b move towards x and the new a; beside them what needs the old b only after a has moved. */
function step(a: tf.Tensor, b: tf.Tensor, x: tf.Tensor): tf.Tensor[] {
  const moved = towards(tf.square(x), a);
  return [moved, towards(moved, b), tf.sub(moved, b), tf.exp(x)];
}

function written(): { nodes: readonly GraphNode[]; done: readonly string[]; before: (node: GraphNode) => Set<string> } {
  const graph = graphOf(step as (...xs: never[]) => unknown, [tf.ones([2]), tf.ones([2]), tf.ones([2])]);
  const planned = planUpdates(graph, [
    { input: 0, output: 0 },
    { input: 1, output: 1 },
  ]);
  const { nodes, done } = writeNodes(planned.graph, planned.updates);
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const before = (node: GraphNode): Set<string> => {
    const seen = new Set<string>();
    const visit = (from: GraphNode): void => {
      for (const input of from.inputs) {
        const name = input.replace(/^\^/, '').replace(/:.*/, '');
        const source = byName.get(name);
        if (source === undefined) throw new Error(`expected a node ${name}`);
        if (!seen.has(name)) visit(source);
        seen.add(name);
      }
    };
    visit(node);
    return seen;
  };
  return { nodes, done, before };
}

describe('updates in a TensorFlow graph', () => {
  it('run when everything that leaves the state alone has run', () => {
    const { nodes, done, before } = written();
    const barrier = nodes.find((node) => node.op === 'NoOp');
    expect(barrier).toBeDefined();
    if (barrier === undefined) return;
    expect(done).toHaveLength(2);
    for (const node of nodes.filter(({ name }) => done.includes(name))) expect(before(node)).toContain(barrier.name);
    const ops = nodes.filter(({ name }) => before(barrier).has(name)).map(({ op }) => op);
    expect(ops).toEqual(expect.arrayContaining(['Square', 'Exp']));
  });

  it('leave no read of old state to chance', () => {
    const { nodes, before } = written();
    const barrier = nodes.find((node) => node.op === 'NoOp');
    const reads = nodes.filter(({ op }) => op === 'ReadVariableOp');
    // b as it was, for the difference; a and b for their own updates; a when it has moved.
    expect(reads).toHaveLength(4);
    for (const read of reads) {
      const ordered = read.inputs.some((input) => input.startsWith('^'));
      expect(ordered || (barrier !== undefined && before(barrier).has(read.name))).toBe(true);
    }
  });
});

import '@tensorflow/tfjs';
import type * as tf from '@tensorflow/tfjs-core';
import type { Graph } from '../graph/graph.js';
import { abstractOf, trace } from '../trace/trace.js';
import { flatten } from '../tree.js';

/** The graph of a function of the given tensors. */
export function graphOf(fn: (...tensors: never[]) => unknown, tensors: readonly tf.Tensor[]): Graph {
  const flat = flatten([...tensors], 'the arguments');
  return trace(fn, flat.structure, flat.tensors.map(abstractOf)).graph;
}

/** Kernel names of a graph, in order. */
export const kernels = (graph: Graph): string[] => graph.nodes.map((node) => node.kernel);

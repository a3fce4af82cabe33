import { evaluateOn } from '../graph/evaluate.js';
import { foldConstants } from './fold-constants.js';
import { mergeScales } from './merge-scales.js';
import { recogniseUpsampling } from './nearest-upsampling.js';
import { shareMeanSquares } from './share-mean-squares.js';
import { type Pass, SIMPLIFYING } from './simplify.js';
import { shrinkUniformOperands } from './uniform-operands.js';

/** Every pass that leaves what a graph computes as it is, by name; constants are folded on the cpu backend. */
export const PASSES: Readonly<Record<string, Pass>> = {
  ...SIMPLIFYING,
  foldConstants: (graph) => foldConstants(graph, evaluateOn('cpu')),
  mergeScales,
  recogniseUpsampling,
  shareMeanSquares,
  shrinkUniformOperands,
};

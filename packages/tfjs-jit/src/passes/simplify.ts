import { evaluateOn } from '../graph/evaluate.js';
import type { Graph } from '../graph/graph.js';
import { mergeCommonSubexpressions } from './common-subexpressions.js';
import { removeDeadCode } from './dead-code.js';
import { removeEmptyTensors } from './empty-tensors.js';
import { exactSlopes } from './slopes.js';

/** A rewriting of a graph that leaves its inputs, its outputs and what it computes as they are. */
export type Pass = (graph: Graph) => Graph;

/** Passes that hold for every engine, in order, by name. */
export const SIMPLIFYING: Readonly<Record<string, Pass>> = {
  removeEmptyTensors: (graph) => removeEmptyTensors(graph, evaluateOn('cpu')),
  removeDeadCode,
  mergeCommonSubexpressions,
  exactSlopes,
};

/** What is done to every traced graph before an engine gets it. */
export const simplify: Pass = (graph) => runPasses(graph, Object.values(SIMPLIFYING));

/** Runs passes one after the other. */
export const runPasses = (graph: Graph, passes: readonly Pass[]): Graph =>
  passes.reduce((current, pass) => pass(current), graph);

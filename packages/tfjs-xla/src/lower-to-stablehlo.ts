import {
  type CompileOptions,
  evaluateOn,
  foldConstants,
  type Graph,
  mergeCommonSubexpressions,
  reducePrecision,
  removeDeadCode,
  runPasses,
  shrinkUniformOperands,
} from '@edm2/tfjs-jit/graph';
import type { StableHloModule } from './lowering/model.js';
import { writeStableHlo } from './lowering/write.js';

/** Constants above this many elements are left to XLA. */
const MAX_FOLDED = 1 << 12;

/** What XLA does not do itself: it fuses, folds, lays out and orders on its own. */
export const arrange = (graph: Graph, { precision }: Pick<CompileOptions, 'precision'>): Graph =>
  runPasses(graph, [
    (given) => foldConstants(given, evaluateOn('cpu'), MAX_FOLDED),
    shrinkUniformOperands,
    mergeCommonSubexpressions,
    (given) => reducePrecision(given, precision),
    removeDeadCode,
  ]);

/** Writes a graph as a StableHLO module; donated inputs lend their memory to results. */
export const lowerToStableHlo = (
  graph: Graph,
  { state, donated, precision }: CompileOptions,
  { tf32 = false }: { readonly tf32?: boolean } = {},
): StableHloModule => writeStableHlo(arrange(graph, { precision }), { state, donated, precision, tf32 });

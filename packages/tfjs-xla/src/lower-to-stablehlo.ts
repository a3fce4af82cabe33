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
import { type Sharding, splitsOf } from './engine/sharding.js';
import { takeConstantPart } from './lowering/constant-part.js';
import type { EmitterOptions } from './lowering/emitter.js';
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

/** What a module depends on besides its graph. */
export interface LowerOptions extends Partial<EmitterOptions> {
  /** How its tensors lie over a number of devices. */
  readonly sharding?: (Sharding & { readonly devices: number }) | undefined;
}

/** Writes a graph as a StableHLO module; donated inputs lend their memory to results. */
export function lowerToStableHlo(
  graph: Graph,
  { state, donated, precision, names }: CompileOptions,
  { tf32 = false, gradientsInRows = false, sharding }: LowerOptions = {},
): StableHloModule {
  const arranged = arrange(graph, { precision });
  const splits = sharding && {
    devices: sharding.devices,
    inputs: splitsOf(arranged.inputs, names?.inputs ?? [], sharding.arguments, sharding.devices),
    outputs: splitsOf(arranged.outputs, names?.outputs ?? [], sharding.results, sharding.devices),
  };
  const { once, main, derived } = takeConstantPart(arranged);
  const alone = { state: [], donated: new Set<number>(), precision, tf32, gradientsInRows };
  const whole = splits && { devices: splits.devices, inputs: [], outputs: [] };
  return writeStableHlo(main, {
    ...{ state, donated, precision, tf32, gradientsInRows, splits, derived },
    once: once && writeStableHlo(once, { ...alone, splits: whole }),
  });
}

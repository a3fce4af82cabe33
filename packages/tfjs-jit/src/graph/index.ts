/** What it takes to write an engine: the typed graph, passes over it, and what `jit` wants of an engine. */
export {
  type CompileOptions,
  type Engine,
  type Executable,
  type NodeTiming,
  type Plan,
  type Profile,
  registerEngine,
  type StateLeaf,
} from '../engine.js';
export { COMPARE, computedIn, ELEMENTWISE, TEST } from '../kernels/elementwise.js';
export { checkNodeIndices, INDEXED, type IndexCheck, indexCheck, indexError } from '../kernels/index-errors.js';
export { COMPILED_KERNELS, kernelGraph, kernelInputs, runDecomposed } from '../kernels/kernel-call.js';
export { rangeValues } from '../kernels/made.js';
export { REDUCE } from '../kernels/reduce.js';
export { resizeMatrix } from '../kernels/resize-matrix.js';
export { padValue } from '../kernels/shape.js';
export { reach, type SlidingWindow, slidingWindow, type Two, two } from '../kernels/sliding-window.js';
export { at, number, numbers, pairs, text } from '../kernels/spec.js';
export { KERNEL_NAMES } from '../kernels/table.js';
export { numberOr } from '../kernels/window.js';
export { checkNode } from '../node-version.js';
export { mergeCommonSubexpressions } from '../passes/common-subexpressions.js';
export { removeDeadCode } from '../passes/dead-code.js';
export { removeEmptyTensors } from '../passes/empty-tensors.js';
export { foldConstants } from '../passes/fold-constants.js';
export { mergeScales } from '../passes/merge-scales.js';
export { recogniseUpsampling } from '../passes/nearest-upsampling.js';
export { COMPUTE, type Precision, reducePrecision } from '../passes/reduce-precision.js';
export { shareMeanSquares } from '../passes/share-mean-squares.js';
export { type Pass, runPasses, SIMPLIFYING, simplify } from '../passes/simplify.js';
export { exactSlopes } from '../passes/slopes.js';
export { PASSES } from '../passes/table.js';
export { shrinkUniformOperands } from '../passes/uniform-operands.js';
export { type TracedFunction, traceFunction } from '../trace/trace-function.js';
export { unsupportedKernel } from '../trace/unsupported.js';
export { type GraphBuilder, graphBuilder, type Signature } from './builder.js';
export { type Evaluate, evaluateGraph, evaluateOn } from './evaluate.js';
export {
  type Attributes,
  type Data,
  type DType,
  type Graph,
  type Node,
  newValue,
  type Origin,
  sameShape,
  sizeOf,
  toData,
  type Value,
} from './graph.js';
export { isScalar, type Matcher, matcher, producersOf, usesOf } from './matcher.js';

export { checkpoint } from './checkpoint/checkpoint.js';
export {
  type CompiledModel,
  type Engine,
  type Executable,
  type NodeTiming,
  type OnnxCompiledModel,
  type Port,
  type PortBundle,
  registerEngine,
} from './engine.js';
export type { ExplainOptions } from './explain/explain.js';
export type { MemoryPlan } from './explain/memory.js';
export { sizeOf, toData } from './graph/graph.js';
export { type Jitted, jit } from './jit.js';
export { type ExternalData, encodeModelParts, type OnnxModel, type OnnxModelParts } from './lower/onnx/model.js';
export type {
  TensorflowConstant,
  TensorflowInput,
  TensorflowModel,
  TensorflowOutput,
} from './lower/tensorflow/model.js';
export { isPlainOrder, toPhysical, toPlain } from './memory-order.js';
export { checkNode } from './node-version.js';
export type { JitOptions } from './options.js';
export { type ToOnnxOptions, toOnnx } from './to-onnx.js';

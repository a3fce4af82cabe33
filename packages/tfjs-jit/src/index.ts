// An alias until 1.0. By path, and taken in by the build: as a dependency, tfjs-onnx, which stands on ./graph, would close a cycle.
export { type ToOnnxOptions, toOnnx } from '../../tfjs-onnx/src/to-onnx.js';
export { checkpoint } from './checkpoint/checkpoint.js';
export { type Engine, type Executable, registerEngine } from './engine.js';
export type { ExplainOptions } from './explain/explain.js';
export type { MemoryPlan } from './explain/memory.js';
export { type Jitted, jit } from './jit.js';
export { checkNode } from './node-version.js';
export type { JitOptions } from './options.js';

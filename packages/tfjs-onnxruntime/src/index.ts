export { type OnnxRuntimeOptions, startOnnxRuntime } from './start.js';

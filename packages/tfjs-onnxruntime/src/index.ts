export { type OnnxRuntimeOptions, startOnnxRuntime } from './start.js';
export { version } from './version.js';

export { lowerToTensorflow } from './lower-to-tensorflow.js';
export type { TensorflowModel } from './lowering/model.js';
export { type LibtensorflowEngine, type LibtensorflowOptions, startLibtensorflow } from './start.js';

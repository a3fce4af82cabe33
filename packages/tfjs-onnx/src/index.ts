export { type LowerToOnnxOptions, lowerToOnnx, type OnnxProgram } from './lower-to-onnx.js';
export type { Dialect } from './lowering/emitter.js';
export {
  type ExternalData,
  encodeModel,
  encodeModelParts,
  type OnnxModel,
  type OnnxModelParts,
} from './lowering/model.js';
export { isPlainOrder, toPhysical, toPlain } from './memory-order.js';
export type { Port, PortBundle } from './port.js';
export { type ToOnnxOptions, toOnnx } from './to-onnx.js';

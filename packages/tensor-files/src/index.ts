export { type WriteFileAtomicOptions, writeFileAtomic } from './atomic.js';
export { makeFolder } from './make-folder.js';
export { type NpyArray, type NpyInput, readNpy, writeNpy } from './npy/npy.js';
export { NPY_DTYPES, type NpyData, type NpyDtype } from './npy/npy-dtype.js';
export { type ReadNpzOptions, readNpz } from './npy/npz.js';
export { type NpyErrorCode, type NpyErrorPlace, NpyParseError } from './npy/parse-error.js';
export { DTYPES, type Dtype, type TensorData } from './safetensors/dtype.js';
export { fromFloat32, type HalfDtype, toFloat32 } from './safetensors/half.js';
export type { TensorEntry } from './safetensors/header.js';
export {
  type SafetensorsErrorCode,
  type SafetensorsErrorPlace,
  SafetensorsParseError,
} from './safetensors/parse-error.js';
export {
  type ChunksOptions,
  type Float32Tensor,
  readSafetensors,
  type SafetensorsFile,
  type Tensor,
  type VerifyOptions,
} from './safetensors/read.js';
export {
  type NamedTensorInput,
  type TensorInput,
  type TensorInputs,
  type TensorSource,
  type WriteSafetensorsOptions,
  writeSafetensors,
} from './safetensors/write.js';
export {
  createSafetensorsWriter,
  type SafetensorsWriter,
  type SafetensorsWriterOptions,
  type TensorSpec,
} from './safetensors/writer.js';

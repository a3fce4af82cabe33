export { removeLeftovers, type WriteFileAtomicOptions, writeFileAtomic } from './atomic.js';
export { explainFileError, type FileErrorContext, fileErrorCode } from './file-error.js';
export type { FileKind, FileKindName } from './identify/file-kind.js';
export { identifyBytes } from './identify/identify-bytes.js';
export { identifyFile } from './identify/identify-file.js';
export { isLockFile, type Lock, LockedError, type LockHolder, lockFile, lockFolder } from './lock/lock.js';
export { makeFolder } from './make-folder.js';
export { type NpyInput, readNpy, writeNpy } from './npy/npy.js';
export type { NpyArray } from './npy/npy-array.js';
export { NPY_DTYPES, type NpyData, type NpyDtype } from './npy/npy-dtype.js';
export { type NpyChunksOptions, type NpyFile, openNpy } from './npy/npy-file.js';
export { type NpyHeader, parseNpyHeader } from './npy/npy-header.js';
export { type ReadNpzOptions, readNpz } from './npy/npz.js';
export { type NpzEntry, type NpzFile, openNpz } from './npy/npz-file.js';
export { type NpyErrorCode, type NpyErrorPlace, NpyParseError } from './npy/parse-error.js';
export { moduleState, type PickledInstance, pickledInstance, SNAPSHOT_GLOBALS } from './pickle/module-state.js';
export { NUMPY_GLOBALS } from './pickle/numpy.js';
export { openPickle, type PickleFile, readTorchZip } from './pickle/open-pickle.js';
export { type PickleErrorCode, type PickleErrorPlace, PickleParseError } from './pickle/parse-error.js';
export { type ReadPickleOptions, readPickle } from './pickle/read-pickle.js';
export { TORCH_GLOBALS } from './pickle/torch.js';
export { type TorchChunksOptions, TorchStorage, TorchTensor } from './pickle/torch-tensor.js';
export {
  LongBytes,
  OpaqueTensor,
  PickledArray,
  PickledDtype,
  PickleGlobal,
  PickleObject,
  type PickleValue,
} from './pickle/values.js';
export { DTYPES, type Dtype, type Float8Dtype, type TensorData } from './safetensors/dtype.js';
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
export {
  kimgToNimg,
  type ParsedSnapshotName,
  parseSnapshotName,
  type SnapshotLabel,
  type SnapshotNameOptions,
  snapshotName,
  snapshotTime,
} from './snapshot-name.js';
export {
  type OpenStateDictOptions,
  openStateDict,
  type StateDictEntry,
  type StateDictFile,
} from './state-dict-file.js';
export { readZipDirectory, type ZipEntry, type ZipSource } from './zip/directory.js';
export { checkZipEntry, checkZipHeader, readZipEntry } from './zip/entries.js';
export { isAppleDouble } from './zip/entry-name.js';
export type { ZipReader } from './zip/reader.js';
export { ZipError, type ZipErrorCode } from './zip/zip-error.js';

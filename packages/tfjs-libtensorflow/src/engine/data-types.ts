import { DataType } from '../native/data-type.js';

/** TensorFlow's numbers of the types that compiled functions have. */
export const DATA_TYPES = { float32: DataType.float32, int32: DataType.int32, bool: DataType.bool } as const;

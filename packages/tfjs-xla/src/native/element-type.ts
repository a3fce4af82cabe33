import type { DType } from '@edm2/tfjs-jit/graph';

/** PJRT's numbers for element types. */
export const ELEMENT_TYPE: Readonly<Record<DType, number>> = { bool: 1, int32: 4, float32: 11 };

/** Bytes of one element on the host. */
export const BYTES: Readonly<Record<DType, number>> = { bool: 1, int32: 4, float32: 4 };

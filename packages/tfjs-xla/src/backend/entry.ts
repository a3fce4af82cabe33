import type { Data, DType } from '@edm2/tfjs-jit/graph';
import type { backend_util } from '@tensorflow/tfjs-core';
import type { Split } from '../engine/sharding.js';
import type { Pointer } from '../native/struct.js';

/** A tensor over several devices. */
export interface Spread {
  readonly split: Split;
  readonly buffers: readonly Pointer[];
}

/** Data of one or several tensors: on the host until a device asks for it, or on the device alone. */
export class Entry {
  refCount: number;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** As they were written; undefined for what a program made. */
  readonly values: backend_util.BackendValues | undefined;
  /**
   * On the device, by dtype and shape: the tensors of one entry may see it differently, where the backend that it came from shares
   * data between a tensor and its cast or reshape.
   */
  readonly buffers = new Map<string, Pointer>();
  /** The same over several devices: how they lie, and a buffer for each. */
  readonly spread = new Map<string, Spread>();
  /** True once a program was given the data to write its results over. */
  consumed = false;

  constructor(dtype: string, shape: readonly number[], values: backend_util.BackendValues | undefined, refCount = 1) {
    this.dtype = dtype;
    this.shape = shape;
    this.values = values;
    this.refCount = refCount;
  }
}

export const keyOf = (dtype: string, shape: readonly number[]): string => `${dtype}[${shape}]`;

/** An array for elements of a type. */
export const hostArray = (dtype: DType, length: number): Data =>
  dtype === 'float32' ? new Float32Array(length) : dtype === 'int32' ? new Int32Array(length) : new Uint8Array(length);

import { engine, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import type { Attributes } from '../graph/graph.js';

/** Inputs of a kernel call, by name. */
export type NamedTensors = Readonly<Record<string, Tensor | undefined>>;

/**
 * A kernel written with simpler TensorFlow.js ops, which are recorded in its place: every engine then runs it, and the
 * compiler's passes see through it. It returns undefined for a call that needs no taking apart.
 */
export type Decomposition = (inputs: NamedTensors, attrs: Attributes) => Tensor | Tensor[] | undefined;
export type Decompositions = Readonly<Record<string, Decomposition>>;

/** Input `name`; kernels are called with the inputs that their op checked. */
export function input<T extends Tensor = Tensor>(inputs: NamedTensors, name: string): T {
  const tensor = inputs[name];
  if (tensor === undefined || tensor === null) throw new TypeError(`jit: expected a kernel input ${name}, got none.`);
  return tensor as T;
}

/** Runs a kernel that TensorFlow.js gives no public op for. */
export const run = (kernel: string, inputs: Record<string, Tensor>, attrs: object): Tensor =>
  engine().runKernel(kernel, inputs, attrs as never) as Tensor;

/** Three numbers of an attribute that may be one number for all of them. */
export function triple(attrs: Attributes, name: string): [number, number, number] {
  const given = attrs[name] ?? 1;
  return typeof given === 'number' ? [given, given, given] : (given as [number, number, number]);
}

/** Two numbers of an attribute that may be one number for both. */
export function couple(attrs: Attributes, name: string): [number, number] {
  const given = attrs[name] ?? 1;
  return typeof given === 'number' ? [given, given] : (given as [number, number]);
}

/** Extents of an NHWC image or of anything else with four axes. */
export const extents4 = (x: Tensor): [number, number, number, number] => (x as Tensor4D).shape;

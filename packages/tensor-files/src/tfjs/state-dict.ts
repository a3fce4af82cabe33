import * as tf from '@tensorflow/tfjs-core';
import { fromFileLayout, toFileLayout, toFileShape } from './layout.js';
import type { ParameterSpec, Params, StateDict } from './parameter-spec.js';

/** How many names an error lists before it only counts. */
const NAMES_IN_ERROR = 5;

/**
 * Tensors of ours as a state dict in the files' layout: HWIO → OIHW, `[in, out]` → `[out, in]`.
 *
 * Reads each tensor synchronously. Neither disposes nor keeps any tensor.
 *
 * @param parameters - the network's description; fixes the names, their order and shapes.
 * @param params - float32 tensors by name, exactly those of `parameters`.
 * @returns new arrays, in the order of `parameters`.
 * @throws {RangeError} when an entry is missing, extra or misshapen (`[]` and `[1]` fit each other).
 * @throws {TypeError} when a tensor is not float32.
 */
export function toStateDict(parameters: readonly ParameterSpec[], params: Readonly<Params>): StateDict {
  checkNames('toStateDict', parameters, params, 'params');
  return Object.fromEntries(
    parameters.map(({ name, shape }) => {
      const tensor = params[name];
      if (!tensor) throw missing('toStateDict', [name], 'params');
      checkShape('toStateDict', name, shape, tensor.shape);
      if (tensor.dtype !== 'float32') {
        throw new TypeError(`toStateDict: expected ${name} to be float32, got ${tensor.dtype}. Cast it first.`);
      }
      return [name, { shape: toFileShape(shape), data: toFileLayout(tensor.dataSync<'float32'>(), shape) }];
    }),
  );
}

/**
 * A state dict in the files' layout as tensors of ours; inverse of {@link toStateDict}.
 *
 * @param parameters - the network's description; fixes the names and shapes.
 * @param stateDict - arrays in PyTorch's layout, exactly those of `parameters`.
 * @returns new float32 tensors by name, in the order of `parameters`; the caller disposes them. Nothing is created when it throws.
 * @throws {RangeError} when an entry is missing, extra or misshapen (`[]` and `[1]` fit each other).
 * @throws {TypeError} when an entry's data is not a Float32Array.
 */
export function fromStateDict(parameters: readonly ParameterSpec[], stateDict: Readonly<StateDict>): Params {
  checkNames('fromStateDict', parameters, stateDict, 'the state dict');
  const arrays = parameters.map(({ name, shape }) => {
    const entry = stateDict[name];
    if (!entry) throw missing('fromStateDict', [name], 'the state dict');
    checkShape('fromStateDict', name, toFileShape(shape), entry.shape);
    if (!(entry.data instanceof Float32Array)) {
      throw new TypeError(
        `fromStateDict: expected ${name}'s data to be a Float32Array, got ${kindOf(entry.data)}. Widen it first.`,
      );
    }
    const size = shape.reduce((product, side) => product * side, 1);
    if (entry.data.length !== size) {
      throw new RangeError(
        `fromStateDict: expected ${name} to hold ${size} values for [${entry.shape}], got ${entry.data.length}. Check how it was read.`,
      );
    }
    return { name, shape, data: fromFileLayout(entry.data, shape) };
  });
  return Object.fromEntries(arrays.map(({ name, shape, data }) => [name, tf.tensor(data, [...shape], 'float32')]));
}

function checkNames(fn: string, parameters: readonly ParameterSpec[], entries: object, where: string): void {
  const known = new Set(parameters.map(({ name }) => name));
  if (known.size !== parameters.length) {
    const seen = new Set<string>();
    const twice = parameters.find(({ name }) => seen.size === seen.add(name).size);
    throw new RangeError(
      `${fn}: expected parameter names to be unique, got ${twice?.name} twice. Prefix one network's names.`,
    );
  }
  const absent = [...known].filter((name) => !Object.hasOwn(entries, name));
  if (absent.length > 0) throw missing(fn, absent, where);
  const extra = Object.keys(entries).filter((name) => !known.has(name));
  if (extra.length > 0) {
    throw new RangeError(
      `${fn}: expected ${where} to hold the ${known.size} parameters only, got extra ${list(extra)}. Leave them out or pass their specs too.`,
    );
  }
}

function missing(fn: string, names: readonly string[], where: string): RangeError {
  return new RangeError(
    `${fn}: expected ${where} to hold every parameter, got none named ${list(names)}. Check that it belongs to this network.`,
  );
}

function checkShape(fn: string, name: string, expected: readonly number[], actual: readonly number[]): void {
  const same = expected.length === actual.length && expected.every((side, axis) => side === actual[axis]);
  if (same || (isScalar(expected) && isScalar(actual))) return;
  throw new RangeError(
    `${fn}: expected ${name} to have shape [${expected}], got [${actual}]. Check that it belongs to this network's configuration.`,
  );
}

const isScalar = (shape: readonly number[]): boolean => shape.length === 0 || (shape.length === 1 && shape[0] === 1);

function kindOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? value.constructor.name : typeof value;
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_IN_ERROR).join(', ');
  return names.length > NAMES_IN_ERROR ? `${shown} and ${names.length - NAMES_IN_ERROR} more` : shown;
}

import { known } from '@edm2/options';
import { at, traceFunction } from '@edm2/tfjs-jit/graph';
import { lowerToOnnx } from './lower-to-onnx.js';
import { encodeModel, type OnnxModel } from './lowering/model.js';

/** Options of {@link toOnnx}. */
export interface ToOnnxOptions {
  /** One name per input tensor, in the order of the arguments. Default `input0`, `input0.params.w`… */
  readonly inputNames?: readonly string[];
  /** One name per output tensor. Default `output`, `output.mean`… */
  readonly outputNames?: readonly string[];
}

/**
 * Writes a function of tensors as an ONNX model of standard operators (opset 17): any runtime can run it.
 *
 * Tensors that the function closes over, a network's weights, become initializers of the model. Inputs and outputs have
 * TensorFlow.js's shapes (images NHWC); the convolutions inside run on NCHW.
 *
 * @param fn - pure and synchronous, as for `jit`.
 * @param example - the arguments to trace with, as an array; a single tensor or record stands for one argument. Only
 *   shapes and dtypes count, and static leaves.
 * @returns the bytes of an `.onnx` file.
 * @throws {RangeError} when the names do not match the tensors, or repeat; when the constants alone pass the 2 GiB of a file.
 * @throws {Error} when the function cannot be traced, assigns variables, or uses a kernel without standard operators.
 */
export function toOnnx<Args extends readonly unknown[]>(
  fn: (...args: Args) => unknown,
  example: Args | Args[0],
  options: ToOnnxOptions = {},
): Uint8Array {
  const { inputNames, outputNames } = known('toOnnx', options, { inputNames: true, outputNames: true });
  const args = Array.isArray(example) ? example : [example];
  const { graph, inputPaths, outputPaths } = traceFunction(fn as (...args: never[]) => unknown, args);
  const { model } = lowerToOnnx(graph, { donated: new Set(), state: [], dialect: 'standard', backend: 'cpu' });
  const inputs = checked(
    'inputNames',
    inputNames,
    inputPaths.map((path) => `input${path}`),
  );
  const outputs = checked(
    'outputNames',
    outputNames,
    outputPaths.map((path) => (path === '' ? 'output' : `output.${path}`)),
  );
  const repeated = inputs.find((name) => outputs.includes(name));
  if (repeated !== undefined) {
    throw new RangeError(
      `toOnnx: expected inputs and outputs to have different names, got '${repeated}' for both. Rename one.`,
    );
  }
  return encodeModel(renamed(model, inputs, outputs));
}

function checked(option: string, given: readonly string[] | undefined, defaults: readonly string[]): readonly string[] {
  const names = given ?? defaults;
  if (names.length !== defaults.length) {
    throw new RangeError(
      `toOnnx: expected ${option} to name ${defaults.length} tensors, got ${names.length}. They are ${defaults.join(', ')}.`,
    );
  }
  const twice = names.find((name, i) => names.indexOf(name) !== i || name === '');
  if (twice !== undefined)
    throw new RangeError(`toOnnx: expected ${option} to be distinct and not empty, got '${twice}'. Rename one.`);
  return names;
}

/** Gives inputs and outputs their public names; inner tensors get names that cannot collide with them. */
function renamed(model: OnnxModel, inputs: readonly string[], outputs: readonly string[]): OnnxModel {
  const names = new Map<string, string>();
  model.inputs.forEach((port, i) => void names.set(port.name, at(inputs, i)));
  model.outputs.forEach((port, i) => void names.set(port.name, at(outputs, i)));
  const taken = new Set([...inputs, ...outputs]);
  const name = (old: string): string => {
    const known = names.get(old);
    if (known !== undefined || old === '') return known ?? '';
    let fresh = old;
    while (taken.has(fresh)) fresh = `_${fresh}`;
    names.set(old, fresh);
    taken.add(fresh);
    return fresh;
  };
  return {
    inputs: model.inputs.map((port) => ({ ...port, name: name(port.name) })),
    outputs: model.outputs.map((port) => ({ ...port, name: name(port.name) })),
    initializers: model.initializers.map((tensor) => ({ ...tensor, name: name(tensor.name) })),
    nodes: model.nodes.map((node) => ({ ...node, inputs: node.inputs.map(name), outputs: node.outputs.map(name) })),
  };
}

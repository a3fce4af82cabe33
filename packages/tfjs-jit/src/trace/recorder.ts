import {
  type backend_util,
  type DataId,
  engine,
  type NamedTensorInfoMap,
  Tensor,
  type TensorInfo,
  tidy,
  util,
  Variable,
} from '@tensorflow/tfjs-core';
import type { NamedTensors } from '../decompose/decomposition.js';
import { DECOMPOSITIONS } from '../decompose/table.js';
import { graphBuilder } from '../graph/builder.js';
import type { Evaluate } from '../graph/evaluate.js';
import { type Attributes, type Data, type Graph, type Node, toData, type Value } from '../graph/graph.js';
import { knownValues, Unknown } from '../graph/known.js';
import { INDEXED } from '../kernels/index-errors.js';
import { located } from '../kernels/located.js';
import { positional } from '../kernels/positional.js';
import { asDType, type Inferred, type KernelSpec } from '../kernels/spec.js';
import { KERNELS } from '../kernels/table.js';
import type { OptimizerWatch } from './optimizers.js';
import type { Slot } from './slot.js';
import { type SourceFinder, sourceFinder } from './source.js';
import { unsupportedKernel } from './unsupported.js';

/** Ops that draw in JavaScript: their values would be frozen into the compiled function. */
const RANDOM_OP = /^(random|truncatedNormal|multinomial|rand$|dropout)/;

/** Turns kernel calls of one trace into a graph. */
export interface Recorder {
  /** A symbolic input of the traced function. */
  input(dataId: DataId, shape: readonly number[], dtype: string): Value;
  constant(dataId: DataId, values: backend_util.BackendValues, shape: readonly number[], dtype: string): void;
  read(dataId: DataId): backend_util.BackendValues;
  kernel(name: string, inputs: NamedTensorInfoMap, attrs: object): TensorInfo[];
  /** Records a kernel as the simpler ones that it is written with; undefined when it is recorded as it is. */
  decompose(name: string, inputs: NamedTensorInfoMap, attrs: object): Tensor | Tensor[] | undefined;
  valueOf(tensor: TensorInfo): Value;
  /** What a tensor will hold whatever the arguments are, variables being what they are now; undefined when it depends on them. */
  known(tensor: TensorInfo): Data | undefined;
  /** Variables that the function closes over, in the order of their first use, with what stands for each. */
  readonly variables: ReadonlyMap<Variable, Value>;
  /** Learning rates that the function uses, with what stands for each. */
  readonly rates: ReadonlyMap<Slot, Value>;
  /** Other tensors that it closes over. */
  readonly constants: ReadonlySet<Tensor>;
  build(inputs: readonly Value[], outputs: readonly Value[]): Graph;
}

/** The op that is running; its scope carries a suffix. */
const runningOp = (): string => (engine().state.activeScope?.name || 'customGrad').replace(/__op$/, '');

/** What a recorder works with. */
export interface RecorderOptions {
  /** Runs one kernel, for values that are read and depend on constants alone. */
  readonly evaluate: Evaluate;
  /** Finds the line that each kernel call came from; left out, nobody asks for it. */
  readonly sources?: SourceFinder | undefined;
  /** Variables that the function closes over are inputs instead of constants. */
  readonly liveVariables?: boolean;
  /** Knows learning rates. */
  readonly optimizers: Pick<OptimizerWatch, 'rateOf' | 'slotOf'>;
}

/** A recorder for one trace. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { evaluate, sources, liveVariables = false, optimizers } = options;
  const builder = graphBuilder();
  /** What was made in the trace, by its data: no two of these share any. */
  const values = new WeakMap<DataId, Value>();
  const constants = new Map<Value, Data>();
  /** By the object: after `assign`, `clone` and `setWeights` several variables have the same data, until one is assigned. */
  const variables = new Map<Variable, Value>();
  /** Other tensors from outside, by data and by what each sees in it: a clone, a reshape and a cast share it. */
  const captured = new Map<DataId, Map<string, Value>>();
  const closedOver = new Set<Tensor>();
  const rates = new Map<Slot, Value>();
  const origins = new WeakMap<DataId, string>();
  const makers = new Map<Value, Node>();
  const maker = (value: Value): Node | undefined => makers.get(value);
  const known = knownValues({ constant: (value) => constants.get(value), maker }, evaluate);
  /** What stands for variables. A number that is read is there for good; variables are assigned between calls. */
  const changing = new Map<Value, Variable>();
  const readable = knownValues(
    { constant: (value) => (changing.has(value) ? undefined : constants.get(value)), maker },
    evaluate,
  );
  /** The op whose kernel is being decomposed: what that records belongs to it. */
  let composing: string | undefined;
  const currentOp = (): string => composing ?? runningOp();
  const finder = sources ?? sourceFinder();

  /** Reads a kernel call; an error says which op, on which line, asked for it. */
  const placed = <T>(op: string, read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw located(error, op, finder.here());
    }
  };

  const inferOf = (spec: KernelSpec, args: readonly Value[], attrs: Attributes): Inferred => {
    const inferred = spec.infer(
      args,
      attrs,
      args.map((value) => constants.get(value)),
    );
    for (const { shape } of inferred.outputs) util.assertNonNegativeIntegerDimensions([...shape]);
    return inferred;
  };

  const addConstant = (data: ArrayLike<number>, shape: readonly number[], dtype: string): Value => {
    const value = builder.constant(data, shape, asDType(dtype));
    constants.set(value, toData(data, value.dtype));
    return value;
  };

  /** A tensor of another backend, whose values now become part of the compiled function. */
  const constantOf = ({ dataId, shape, dtype }: TensorInfo): Value => {
    // Not through the engine: there the function's own reading is noticed.
    const data = engine().state.tensorInfo.get(dataId)?.backend.readSync(dataId);
    if (data === undefined || isTexts(data))
      throw new TypeError('jit: expected numeric tensors, got a string tensor. Encode it first.');
    return addConstant(data, shape, dtype);
  };

  const variableOf = (variable: Variable): Value => {
    const known = variables.get(variable);
    if (known !== undefined) return known;
    const value = liveVariables ? builder.input(variable.shape, asDType(variable.dtype)) : constantOf(variable);
    variables.set(variable, value);
    changing.set(value, variable);
    return value;
  };

  const rateOf = (slot: Slot): Value => {
    const value = rates.get(slot) ?? builder.input(slot.shape, asDType(slot.dtype));
    rates.set(slot, value);
    return value;
  };

  const capturedOf = (tensor: TensorInfo): Value => {
    const rate = tensor instanceof Tensor ? optimizers.slotOf(tensor) : undefined;
    if (rate !== undefined) return rateOf(rate);
    if (tensor instanceof Tensor) closedOver.add(tensor);
    const seen = captured.get(tensor.dataId) ?? new Map<string, Value>();
    captured.set(tensor.dataId, seen);
    const key = `${tensor.dtype}[${tensor.shape}]`;
    const value = seen.get(key) ?? constantOf(tensor);
    seen.set(key, value);
    return value;
  };

  const recorder: Recorder = {
    input(dataId, shape, dtype) {
      const value = builder.input(shape, asDType(dtype));
      values.set(dataId, value);
      return value;
    },

    constant(dataId, data, shape, dtype) {
      const op = currentOp();
      if (RANDOM_OP.test(op)) {
        throw new Error(
          `jit: expected no random draw in the traced function, got tf.${op}. ` +
            'Draw outside and pass the numbers as an argument; a draw here would be the same on every call. (A tf.layers ' +
            'Dropout draws while training: leave it out of the model, and multiply by a mask that is an argument.)',
        );
      }
      if (isTexts(data))
        throw new TypeError(`jit: expected numeric tensors, got a string tensor in tf.${op}. Encode it first.`);
      const rate = shape.length === 0 ? optimizers.rateOf(Number(data[0])) : undefined;
      if (rate === undefined) values.set(dataId, addConstant(data, shape, dtype));
      else {
        const value = rateOf(rate.slot);
        const output = { shape: value.shape, dtype: value.dtype };
        values.set(dataId, rate.negative ? builder.one('Neg', [value], {}, output, { op }) : value);
      }
    },

    read(dataId) {
      const value = values.get(dataId);
      const data = value && readable(value);
      if (data !== undefined && !(data instanceof Unknown)) return data;
      const variable = data && changing.get(data.value);
      const on = variable === undefined ? '' : `, for it depends on variable '${variable.name}'`;
      throw new Error(
        'jit: expected a function whose result does not depend on reading a tensor, got dataSync() or data() on a value ' +
          `that is only known when the compiled function runs${on}. Return the tensor and read it outside, ` +
          'or use tf.where instead of if.',
      );
    },

    valueOf(tensor) {
      const known = values.get(tensor.dataId);
      if (known !== undefined) return known;
      if (tensor instanceof Tensor && tensor.isDisposed) {
        throw disposedIn(currentOp(), tensor);
      }
      return tensor instanceof Variable ? variableOf(tensor) : capturedOf(tensor);
    },
    variables,
    rates,
    constants: closedOver,

    known(tensor) {
      const data = known(recorder.valueOf(tensor));
      return data instanceof Unknown ? undefined : data;
    },

    kernel(name, inputs, attrs) {
      const op = currentOp();
      if (name === 'Identity') return [alias(inputs['x'] as TensorInfo)];
      const spec = KERNELS[name];
      if (spec === undefined) throw unsupportedKernel(name, op);
      const args = positional(name, spec, inputs).map((tensor) => recorder.valueOf(tensor));
      const inferred = placed(op, () => inferOf(spec, args, attrs as Attributes));
      sources?.watch((tensor) => origins.get(tensor.dataId));
      // Indices that are wrong are noticed when the compiled function runs: the error then names the line.
      const source = INDEXED.has(name) ? finder.here() : sources?.here();
      const outputs = builder.node(name, args, inferred.attrs, inferred.outputs, { op, source });
      const node = { kernel: name, inputs: args, attrs: inferred.attrs, outputs, op };
      return outputs.map((value) => {
        const dataId = {};
        makers.set(value, node);
        values.set(dataId, value);
        if (source !== undefined) origins.set(dataId, source);
        return { dataId, shape: [...value.shape], dtype: value.dtype };
      });
    },

    decompose(name, inputs, attrs) {
      const decomposition = DECOMPOSITIONS[name];
      if (decomposition === undefined) return undefined;
      const outer = composing;
      composing = currentOp();
      try {
        return placed(composing, () =>
          tidy(() => decomposition(inputs as NamedTensors, attrs as Attributes) as Tensor | Tensor[]),
        );
      } finally {
        composing = outer;
      }
    },

    build: builder.build,
  };

  function alias(x: TensorInfo): TensorInfo {
    const dataId = {};
    values.set(dataId, recorder.valueOf(x));
    const origin = origins.get(x.dataId);
    if (origin !== undefined) origins.set(dataId, origin);
    return { dataId, shape: x.shape, dtype: x.dtype };
  }

  return recorder;
}

const disposedIn = (op: string, tensor: Tensor): Error =>
  new Error(
    tensor instanceof Variable
      ? `jit: expected the variables that the function closes over to live, got '${tensor.name}' disposed, in tf.${op}. ` +
          'Dispose the compiled function with them, and make a new one.'
      : `jit: expected tensors that still hold their values, got a disposed one in tf.${op}. Tensors made while a ` +
          'function is traced end with it: return what is needed later, and pass in what comes from elsewhere. What a ' +
          'function closes over must live as long as it is called.',
  );

const isTexts = (values: backend_util.BackendValues): values is Uint8Array[] =>
  Array.isArray(values) &&
  (values as unknown[]).some((value) => typeof value === 'string' || value instanceof Uint8Array);

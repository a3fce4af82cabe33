import { engine, type Optimizer, type Tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import { evaluateOn } from '../graph/evaluate.js';
import type { DType, Graph } from '../graph/graph.js';
import { at } from '../kernels/spec.js';
import { promised } from '../options.js';
import { flatten, type Place, type Structure, unflatten } from '../tree.js';
import { TRACE_BACKEND, type TraceBackend, traceBackend } from './backend.js';
import { guardTrace, type TraceGuard } from './guard.js';
import { watchOptimizers } from './optimizers.js';
import { createRecorder, type Recorder } from './recorder.js';
import { remember, type Seen } from './seen.js';
import { type Slot, slotOfVariable } from './slot.js';
import { sourceFinder } from './source.js';
import { unobserved } from './unobserved.js';

/** A traced function: its graph, and the tree that its results form. */
export interface Trace {
  readonly graph: Graph;
  readonly result: Structure;
  /** Path of each output in the result. */
  readonly paths: readonly string[];
  /** The record or array that holds each output, and its name there. */
  readonly places: readonly Place[];
  /** What is read at every call: the graph's last inputs, in this order. Empty without `liveVariables`. */
  readonly slots: readonly Slot[];
  /** What else the trace depends on. */
  readonly seen: Seen;
  /** Variables that the function assigns: their new values are the graph's last outputs, in this order. */
  readonly assigned: readonly Variable[];
  /** Variables that the function made: they stay. */
  readonly made: readonly Variable[];
}

/** Shape and dtype that stand for a tensor during tracing. */
export interface Abstract {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** Options of {@link trace}. */
export interface TraceOptions {
  /** Notes the line of code that each kernel call came from; costs about as much again as tracing. */
  readonly sources?: boolean;
  /** Variables that the function closes over are read at every call instead of being constants. */
  readonly liveVariables?: boolean;
  /** The function may assign variables, and make them as an optimizer does on first use. */
  readonly updates?: boolean;
  /** Optimizers that an earlier trace of the function has met. */
  readonly optimizers?: readonly Optimizer[];
}

/** True while a function is being traced: a compiled function called there is traced along. */
export const isTracing = (): boolean => engine().backendName === TRACE_BACKEND;

/**
 * Runs `fn` once on symbolic tensors and records every kernel that it dispatches.
 *
 * @param fn - the function; called with `args` rebuilt around symbolic tensors.
 * @param args - structure of the argument list.
 * @param leaves - one entry per tensor leaf of `args`.
 * @throws {Error} what `fn` throws, with nothing left allocated and every variable as it was; or when a tensor outlives the
 *   trace.
 */
export const trace = (
  fn: (...args: never[]) => unknown,
  args: Structure,
  leaves: readonly Abstract[],
  options: TraceOptions = {},
): Trace => unobserved(() => traceOnce(fn, args, leaves, options));

function traceOnce(
  fn: (...args: never[]) => unknown,
  args: Structure,
  leaves: readonly Abstract[],
  { sources = false, liveVariables = false, updates = false, optimizers: known = [] }: TraceOptions,
): Trace {
  const tf = engine();
  const previous = tf.backendName;
  const backend = traceBackend();
  const evaluate = evaluateOn(previous);
  const optimizers = watchOptimizers(known, liveVariables);
  const outside: Outside = (run) => guard.outside(() => onBackend(previous, run));
  const recorder = createRecorder({
    evaluate: (node, inputs) => outside(() => evaluate(node, inputs)),
    sources: sources ? sourceFinder() : undefined,
    liveVariables,
    optimizers,
  });
  const before = backend.numDataIds();
  backend.recorder = recorder;
  backend.refusedRead = undefined;
  // setBackend is synchronous up to its end for a backend whose factory is: nothing is awaited.
  void tf.setBackend(TRACE_BACKEND);
  const guard = guardTrace({
    isSymbolic: (tensor) => backend.refCount(tensor.dataId) > 0,
    make: updates ? (initial, make) => makeOutside(outside, recorder, initial, make) : undefined,
  });
  let recorded: Recorded | undefined;
  try {
    // The tidy ends inside the trace, so that everything symbolic is gone before the backend changes back.
    tidy(() => {
      recorded = record(fn, args, leaves, { backend, recorder, guard, liveVariables });
    });
    guard.restore();
    if (backend.refusedRead !== undefined) throw backend.refusedRead;
    if (backend.numDataIds() > before) throw guard.kept();
  } finally {
    guard.end();
    optimizers.end();
    backend.recorder = undefined;
    if (previous !== undefined) void tf.setBackend(previous);
  }
  const done = at(
    [recorded].filter((made) => made !== undefined),
    0,
  );
  const variables = [...recorder.variables.keys()];
  const seen = remember({
    constants: [...recorder.constants],
    variables: [...new Set([...variables, ...done.assigned])],
    live: liveVariables,
    differentiates: guard.differentiates(),
    read: [...guard.read],
    optimizers: optimizers.seen(),
  });
  const slots = liveVariables ? [...variables.map(slotOfVariable), ...recorder.rates.keys()] : [];
  return { ...done, slots, seen, made: guard.made };
}

/** Runs something on the backend that the caller works on, in the middle of a trace. */
type Outside = <T>(run: () => T) => T;

function onBackend<T>(backendName: string, run: () => T): T {
  const tf = engine();
  void tf.setBackend(backendName);
  // As within a kernel: nothing of this is differentiated.
  tf.state.kernelDepth++;
  try {
    return run();
  } finally {
    tf.state.kernelDepth--;
    void tf.setBackend(TRACE_BACKEND);
  }
}

/** Makes a variable where the caller works, with the value that a symbolic tensor is known to have. */
function makeOutside(
  outside: Outside,
  recorder: Recorder,
  initial: Tensor,
  make: (initial: Tensor) => Variable,
): Variable {
  const data = recorder.known(initial);
  if (data === undefined) {
    throw new Error(
      'jit: expected variables to be made with values that are known before the call, got one that depends on an ' +
        'argument or a variable. Make it before the call and close over it.',
    );
  }
  return outside(() => tidy(() => make(engine().makeTensor(data.slice(), initial.shape, initial.dtype))));
}

/** What a trace in progress consists of. */
interface Recording {
  readonly backend: TraceBackend;
  readonly recorder: Recorder;
  readonly guard: TraceGuard;
  readonly liveVariables: boolean;
}

/** What the run of the function itself gives. */
type Recorded = Omit<Trace, 'slots' | 'seen' | 'made'>;

function record(
  fn: (...args: never[]) => unknown,
  args: Structure,
  leaves: readonly Abstract[],
  { backend, recorder, guard, liveVariables }: Recording,
): Recorded {
  const tf = engine();
  const inputs = leaves.map(({ shape, dtype }) => {
    const dataId = {};
    const value = recorder.input(dataId, shape, dtype);
    backend.hold(dataId);
    return { value, tensor: tf.makeTensorFromTensorInfo({ dataId, shape: [...shape], dtype }, backend) };
  });
  const values = unflatten(
    args,
    inputs.map((input) => input.tensor),
  ) as never[];
  const returned = explained(() => fn(...values));
  if (returned instanceof Promise) throw promised(returned);
  const assigned = guard.assigned();
  if (returned === undefined && assigned.length === 0) {
    throw new TypeError(
      'jit: expected a function that returns tensors or assigns variables, got one that does neither. Return what it computes: ' +
        '(x) => { return … }.',
    );
  }
  const { structure, tensors, paths, places } = flatten(returned, 'the result of the function');
  const outputs = [...tensors, ...assigned].map((tensor) => recorder.valueOf(tensor));
  const read = liveVariables ? [...recorder.variables.values(), ...recorder.rates.values()] : [];
  return {
    graph: recorder.build([...inputs.map((input) => input.value), ...read], outputs),
    result: structure,
    paths,
    places,
    assigned,
  };
}

/** Runs a function; what TensorFlow.js says of variables that are arguments is said in other words. */
function explained<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (!(cause instanceof Error) || !/varList passed in variableGrads.*array of variables/.test(cause.message))
      throw cause;
    throw new TypeError(
      'jit: expected gradients with respect to variables that the function closes over, got others: an argument is a tensor ' +
        'inside, also where a variable was passed. Close over the variable, or use tf.valueAndGrads.',
      { cause },
    );
  }
}

/** Shape and dtype of a tensor. */
export const abstractOf = (tensor: Tensor): Abstract => ({ shape: tensor.shape, dtype: tensor.dtype as DType });

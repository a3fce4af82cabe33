import { availableParallelism } from 'node:os';
import { type CompiledModel, type Engine, type Executable, encodeModel, registerEngine, sizeOf } from '@edm2/tfjs-jit';
import { copyRegisteredKernels, engine, registerBackend, type Tensor } from '@tensorflow/tfjs-core';
import { BACKEND, OnnxRuntimeBackend } from './backend.js';
import type { Data, DType } from './pool.js';
import { bindingLoader, type Feeds, ortTensor, type SessionLoader, type SessionOptions } from './session.js';
import { workerLoader } from './session-worker.js';

/** Options of {@link startOnnxRuntime}. */
export interface OnnxRuntimeOptions {
  /** Threads that one call uses; default: the machine's cores. Results are the same bits for the same number. */
  readonly threads?: number;
  /** Further options of ONNX Runtime's sessions, such as `{ enableProfiling: true, profileFilePrefix: 'step' }`. */
  readonly sessionOptions?: SessionOptions;
}

/**
 * Starts ONNX Runtime and registers the TensorFlow.js backend `'onnxruntime'` for it, without making that the current one.
 *
 * Compiled functions (`jit`) run on ONNX Runtime; ops outside them run on TensorFlow.js's cpu kernels on the same memory.
 *
 * @returns the engine, for `jit(fn, { engine })`; `await tf.setBackend('onnxruntime')` makes it the default one.
 * @throws {RangeError} when `threads` is no positive integer.
 */
export async function startOnnxRuntime(options: OnnxRuntimeOptions = {}): Promise<Engine> {
  const { threads = availableParallelism(), sessionOptions = {} } = options;
  if (!Number.isInteger(threads) || threads < 1) {
    throw new RangeError(
      `startOnnxRuntime: expected threads to be a positive integer, got ${threads}. Leave it out for all cores.`,
    );
  }
  return startWith(await loadSessions(), { threads, sessionOptions });
}

/** Starts with a given way of loading sessions. */
export function startWith(loader: SessionLoader, { threads, sessionOptions }: Required<OnnxRuntimeOptions>): Engine {
  const started: Engine = {
    name: 'onnxruntime',
    backend: BACKEND,
    compile: (model) => compile(model, loader, registeredBackend(), { ...defaults(threads), ...sessionOptions }),
  };
  registeredBackend();
  registerEngine(BACKEND, started);
  return started;
}

/** The native binding where this release has it as known, else the public interface in a worker thread. */
async function loadSessions(): Promise<SessionLoader> {
  const binding: unknown = await import('onnxruntime-node/dist/binding.js').catch(() => undefined);
  return bindingLoader(binding) ?? workerLoader();
}

/** The backend, registered on first use with copies of the cpu kernels. */
function registeredBackend(): OnnxRuntimeBackend {
  const existing: unknown = engine().findBackend(BACKEND);
  if (existing instanceof OnnxRuntimeBackend) return existing;
  const backend = new OnnxRuntimeBackend();
  copyRegisteredKernels('cpu', BACKEND);
  registerBackend(BACKEND, () => backend, 0);
  engine().findBackend(BACKEND);
  return backend;
}

const defaults = (threads: number): SessionOptions => ({
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  executionProviders: ['cpu'],
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  logSeverityLevel: 3,
});

function compile(
  model: CompiledModel,
  loader: SessionLoader,
  backend: OnnxRuntimeBackend,
  options: SessionOptions,
): Executable {
  const session = loader.load(encodeModel(model.onnx), options);
  const feeds: Feeds = {};
  const fetches: Feeds = {};
  const inputs = model.inputs.map((port) => ({ port, shape: port.order.map((axis) => port.shape[axis] ?? 1) }));
  const outputs = model.outputs.map((port) => ({
    port,
    shape: port.order.map((axis) => port.shape[axis] ?? 1),
    length: sizeOf(port.shape),
  }));
  return {
    run(tensors) {
      inputs.forEach(({ port, shape }, i) => {
        feeds[port.name] = wrap(port.dtype, backend.physical(tensors[i] as Tensor, port), shape);
      });
      const results = outputs.map(({ port, shape, length }) => {
        const data = backend.take(port.dtype, length);
        fetches[port.name] = wrap(port.dtype, data, shape);
        return data;
      });
      session.run(feeds, fetches);
      return outputs.map(({ port }, i) => backend.adopt(results[i] as Data, port));
    },
    dispose: () => session.dispose(),
  };
}

const wrapped = new WeakMap<Data, ReturnType<typeof ortTensor>>();

/** The array as ONNX Runtime's tensor object, made once per array: making thousands each call would cost milliseconds. */
function wrap(dtype: DType, data: Data, shape: readonly number[]): ReturnType<typeof ortTensor> {
  const known = wrapped.get(data);
  if (
    known !== undefined &&
    known.type === dtype &&
    known.dims.length === shape.length &&
    known.dims.every((n, i) => n === shape[i])
  ) {
    return known;
  }
  const made = ortTensor(dtype, data, shape);
  wrapped.set(data, made);
  return made;
}

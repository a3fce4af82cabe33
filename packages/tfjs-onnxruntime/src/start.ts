import os from 'node:os';
import { known, type OptionNames } from '@edm2/options';
import {
  type CompileOptions,
  checkNode,
  type Engine,
  type Executable,
  type Graph,
  type Plan,
  registerEngine,
} from '@edm2/tfjs-jit/graph';
import { lowerToOnnx, type OnnxProgram } from '@edm2/tfjs-onnx';
import { copyRegisteredKernels, engine, registerBackend } from '@tensorflow/tfjs-core';
import { BACKEND, OnnxRuntimeBackend } from './backend.js';
import { registerExactKernels } from './exact-kernels.js';
import { compile } from './executable.js';
import { profile } from './profile.js';
import { depthFirst } from './run-order.js';
import { bindingLoader, type SessionLoader, type SessionOptions } from './session.js';
import { workerLoader } from './session-worker.js';

/** Options of {@link startOnnxRuntime}. */
export interface OnnxRuntimeOptions {
  /** Threads that one call uses; default: the machine's cores. Results are the same bits for the same number. */
  readonly threads?: number;
  /**
   * Whether threads that wait for work do so in a loop, for about a millisecond, instead of sleeping. Default false: on a machine that does
   * other work too, spinning threads take turns with what they wait for. docs/benchmarks.md has the figures of both.
   */
  readonly spinning?: boolean;
  /** Further options of ONNX Runtime's sessions, such as `{ enableProfiling: true, profileFilePrefix: 'step' }`. */
  readonly sessionOptions?: SessionOptions;
}

/**
 * Starts ONNX Runtime and registers the TensorFlow.js backend `'onnxruntime'` for it, without making that the current one.
 *
 * Compiled functions (`jit`) run on ONNX Runtime; ops outside them run on TensorFlow.js's cpu kernels on the same memory.
 *
 * @returns the engine, for `jit(fn, { engine })`; `await tf.setBackend('onnxruntime')` makes it the default one.
 * @throws {RangeError} (rejects) when `threads` is no positive integer.
 * @throws {Error} (rejects) on a Node.js that is too old.
 */
export async function startOnnxRuntime(options: OnnxRuntimeOptions = {}): Promise<Engine> {
  // Before anything that an old Node.js lacks: os.availableParallelism came with 18.14.
  checkNode();
  const names = { threads: true, spinning: true, sessionOptions: true } as const;
  const {
    threads = os.availableParallelism(),
    spinning = false,
    sessionOptions = {},
  } = known('startOnnxRuntime', options, names);
  known('startOnnxRuntime: sessionOptions', sessionOptions, SESSION_OPTIONS);
  if (!Number.isInteger(threads) || threads < 1) {
    throw new RangeError(
      `startOnnxRuntime: expected threads to be a positive integer, got ${threads}. Leave it out for all cores.`,
    );
  }
  return startWith(await loadSessions(), { threads, spinning, sessionOptions });
}

/** Starts with a given way of loading sessions. */
export function startWith(
  loader: SessionLoader,
  { threads, spinning, sessionOptions }: Required<OnnxRuntimeOptions>,
): Engine {
  const lower = (graph: Graph, { state, donated }: CompileOptions): OnnxProgram =>
    lowerToOnnx(graph, { state, donated, dialect: 'onnxruntime', backend: BACKEND });
  const load = (program: OnnxProgram, more: SessionOptions = {}): Executable =>
    compile(program, loader, registeredBackend(), {
      ...defaults(threads),
      ...sessionOptions,
      extra: { ...spin(spinning), ...sessionOptions.extra },
      ...more,
    });
  const planOf = ({ graph }: OnnxProgram): Plan => ({ graph, order: depthFirst(graph) });
  const started: Engine = {
    name: 'onnxruntime',
    backend: BACKEND,
    compile: (graph, options) => load(lower(graph, options)),
    plan: (graph, options) => planOf(lower(graph, options)),
    profile(graph, options, inputs) {
      const program = lower(graph, options);
      const steps = profile((more) => load(program, more), inputs);
      const timings = steps.map(({ name, ...times }) => ({ node: program.nodeNamed(name), ...times }));
      return { ...planOf(program), timings };
    },
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
  registerExactKernels(BACKEND);
  registerBackend(BACKEND, () => backend, 0);
  engine().findBackend(BACKEND);
  return backend;
}

/** ONNX Runtime's name for it; it spins where it is told nothing. */
const spin = (spinning: boolean): Record<string, string> => ({
  'session.intra_op.allow_spinning': spinning ? '1' : '0',
});

/** What ONNX Runtime reads; `externalData` is the model's own, which `jit` gives. */
const SESSION_OPTIONS: OptionNames<Omit<SessionOptions, 'externalData'>> = {
  executionProviders: true,
  intraOpNumThreads: true,
  interOpNumThreads: true,
  freeDimensionOverrides: true,
  graphOptimizationLevel: true,
  enableCpuMemArena: true,
  enableMemPattern: true,
  executionMode: true,
  optimizedModelFilePath: true,
  enableProfiling: true,
  profileFilePrefix: true,
  logId: true,
  logSeverityLevel: true,
  logVerbosityLevel: true,
  preferredOutputLocation: true,
  enableGraphCapture: true,
  extra: true,
};

const defaults = (threads: number): SessionOptions => ({
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  executionProviders: ['cpu'],
  executionMode: 'sequential',
  // One block for all tensors on the way, on top of what the first run took: 0.7 GB more on a large net, no time gained.
  enableMemPattern: false,
  graphOptimizationLevel: 'all',
  logSeverityLevel: 3,
});

import os from 'node:os';
import { known } from '@edm2/options';
import { type Engine, registerEngine } from '@edm2/tfjs-jit/graph';
import { findBackendFactory, registerBackend } from '@tensorflow/tfjs-core';
import type { LibtensorflowBackend } from './backend/backend.js';
import { BACKEND } from './backend/name.js';
import { deviceOf, parseDevice } from './device.js';
import { compile } from './engine/executable.js';
import { cacheFolder } from './install/folders.js';
import { findInstallations, type Installation } from './install/locate.js';
import { checkNode } from './install/platform.js';
import { arrange, lowerToTensorflow } from './lower-to-tensorflow.js';
import { Runtime } from './native/runtime.js';
import { checkVersion } from './native/version.js';
import { restoreUtil } from './restore-util.js';

/** Options of `startLibtensorflow`. */
export interface LibtensorflowOptions {
  /**
   * Folder of installations, or one that holds `tensorflow/` as Python's site-packages does; default: where
   * `npx tfjs-libtensorflow install` puts them.
   */
  readonly directory?: string;
  /** `'auto'` (default) takes a GPU that answers, else the CPU; `'gpu'` and `'gpu:1'` fail where there is none. */
  readonly device?: string;
  /** Threads of one operation, and operations at once; default: the machine's cores. */
  readonly threads?: number;
  /** `'grow'` (default) takes GPU memory as it is needed; a number in (0, 1] sets that share aside at the start. */
  readonly memory?: 'grow' | number;
  /** True compiles functions with XLA: a long compilation, which pays on some graphs. */
  readonly xla?: boolean;
}

/** The engine, and what it runs on. */
export interface LibtensorflowEngine extends Engine {
  readonly version: string;
  /** TensorFlow's full name of the device. */
  readonly device: string;
  readonly threads: number;
}

let started: { readonly engine: LibtensorflowEngine; readonly settings: string } | undefined;

const OPTIONS = { directory: true, device: true, threads: true, memory: true, xla: true } as const;

/**
 * Starts TensorFlow's C library: registers the TensorFlow.js backend `'tensorflow'`, without making it the current one,
 * and the engine that `jit` uses while it is. One process has one; the same options again give the same engine.
 *
 * @throws {RangeError} (rejects) for options out of range, and for other options than the first time.
 * @throws {Error} (rejects) when the library is not installed, does not open, or the device does not answer.
 */
export async function startLibtensorflow(options: LibtensorflowOptions = {}): Promise<LibtensorflowEngine> {
  checkNode(process.versions.node);
  const {
    directory = cacheFolder(),
    device = 'auto',
    threads = os.availableParallelism(),
    memory = 'grow',
  } = known('startLibtensorflow', options, OPTIONS);
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(
      `startLibtensorflow: expected threads to be a positive integer, got ${threads}. Leave it out for all cores.`,
    );
  if (memory !== 'grow' && !(memory > 0 && memory <= 1))
    throw new RangeError(
      `startLibtensorflow: expected memory to be 'grow' or a share in (0, 1], got ${memory}. Leave it out to take memory as needed.`,
    );
  const { xla = false } = options;
  const settings = JSON.stringify({ directory, device, threads, memory, xla });
  if (started !== undefined) {
    if (started.settings === settings) return started.engine;
    throw new RangeError(
      `startLibtensorflow: expected the options of the first start in this process, ${started.settings}, got ${settings}. TensorFlow keeps its threads and devices: start another process.`,
    );
  }
  if (findBackendFactory(BACKEND) !== null)
    throw new Error(
      "startLibtensorflow: expected no TensorFlow.js backend named 'tensorflow', got one. Do not import @tensorflow/tfjs-node beside this package.",
    );
  const wanted = parseDevice(device);
  const installed = choose(findInstallations(directory), wanted, directory);
  const gpu = installed.variant === 'cuda' && wanted.kind !== 'cpu';
  const runtime = new Runtime(installed.file, { threads, gpu, memory, index: wanted.index });
  checkVersion(runtime.version, installed);
  const name = deviceOf(runtime.devices, wanted);
  restoreUtil();
  const { LibtensorflowBackend } = await import('./backend/backend.js');
  await import('@tensorflow/tfjs-node/dist/register_all_kernels.js');
  const { registerExactKernels } = await import('./backend/exact-kernels.js');
  registerExactKernels(BACKEND);
  const backend = new LibtensorflowBackend(runtime, name);
  registerBackend(BACKEND, () => backend, 3);
  const engine = createEngine(backend, threads, xla);
  registerEngine(BACKEND, engine);
  started = { engine, settings };
  return engine;
}

const createEngine = (backend: LibtensorflowBackend, threads: number, xla: boolean): LibtensorflowEngine => ({
  name: 'libtensorflow',
  backend: BACKEND,
  precisions: ['float32', 'bfloat16', 'float16'],
  version: backend.runtime.version,
  device: backend.device,
  threads,
  compile: (graph, options) => compile(lowerToTensorflow(graph, options, BACKEND), backend, { xla }),
  // TensorFlow starts nodes as they become ready, for which the traced order stands.
  plan: (graph, { precision }) => ({ graph: arrange(graph, precision, BACKEND) }),
});

function choose(
  found: readonly Installation[],
  { kind, text }: { readonly kind: string; readonly text: string },
  directory: string,
): Installation {
  const suitable = kind === 'gpu' ? found.filter(({ variant }) => variant === 'cuda') : found;
  const [first] = kind === 'cpu' ? [...suitable].sort((a, b) => a.variant.localeCompare(b.variant)) : suitable;
  if (first !== undefined) return first;
  if (found.length > 0)
    throw new Error(
      `startLibtensorflow: expected a build with CUDA for device ${text}, got one for the CPU in ${directory}. Run: npx tfjs-libtensorflow install --cuda`,
    );
  throw new Error(
    `startLibtensorflow: expected TensorFlow's C library in ${directory}, got none. Run: npx tfjs-libtensorflow install`,
  );
}

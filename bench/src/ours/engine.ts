import util from 'node:util';
import { startLibtensorflow } from '@edm2/tfjs-libtensorflow';
import { startOnnxRuntime } from '@edm2/tfjs-onnxruntime';
import { startXla } from '@edm2/tfjs-xla';
import * as tf from '@tensorflow/tfjs'; // not only core: it registers the gradients
import '@tensorflow/tfjs-backend-cpu';
import { THREADS } from '../places.js';

/**
 * What runs our side: compiled on ONNX Runtime, libtensorflow or XLA, or op by op on TensorFlow.js's plain backend, its WebAssembly
 * backend, or a plainly installed tfjs-node.
 */
export type EngineName = 'onnxruntime' | 'libtensorflow' | 'xla' | 'tfjs-node' | 'cpu' | 'wasm';

/** An engine with its settings: a process has one of each. */
export interface EngineSettings {
  /** Default onnxruntime. */
  readonly engine?: EngineName;
  /** Default THREADS. */
  readonly threads?: number;
  /** Of libtensorflow; default cpu. */
  readonly device?: string;
  /** Of onnxruntime; default its own. */
  readonly spinning?: boolean;
}

let started: string | undefined;
let version: string | undefined;

/** Of libtensorflow, once it is started. */
export const libraryVersion = (): string | undefined => version;

/** Starts an engine, once a process. */
export async function useEngine(settings: EngineSettings): Promise<void> {
  const { engine = 'onnxruntime', threads = THREADS, device = 'cpu', spinning } = settings;
  const wanted = JSON.stringify({ engine, threads, device, spinning });
  if (started === wanted) return;
  if (started)
    throw new Error(`useEngine: expected one engine a process, got ${started} and ${wanted}. Start another.`);
  if (engine === 'onnxruntime') await startOnnxRuntime({ threads, ...(spinning !== undefined && { spinning }) });
  if (engine === 'libtensorflow') ({ version } = await startLibtensorflow({ device, threads }));
  // It takes as many threads as there are cores.
  if (engine === 'xla') await startXla({ plugin: 'cpu' });
  if (engine === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
  if (engine === 'tfjs-node') await startNode();
  await tf.setBackend(engine === 'libtensorflow' || engine === 'tfjs-node' ? 'tensorflow' : engine);
  started = wanted;
}

/** TensorFlow.js's own addon, which its install script fetches: most installations have the package without it. */
async function startNode(): Promise<void> {
  // Functions that tfjs-node 4.22 calls and Node 23 took away.
  const old = util as unknown as Record<string, unknown>;
  old['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  old['isArray'] ??= Array.isArray;
  await import('@tensorflow/tfjs-node').catch((error: unknown) => {
    throw /native addon module|Cannot find/.test(String(error)) ? new Error('not installed') : error;
  });
}

/** Whether `jit` compiles on it: one run op by op is long enough. */
export const isCompiled = (engine: EngineName = 'onnxruntime'): boolean =>
  engine === 'onnxruntime' || engine === 'libtensorflow' || engine === 'xla';

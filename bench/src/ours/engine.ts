import { startLibtensorflow } from '@edm2/tfjs-libtensorflow';
import { startOnnxRuntime } from '@edm2/tfjs-onnxruntime';
import * as tf from '@tensorflow/tfjs'; // not only core: it registers the gradients
import '@tensorflow/tfjs-backend-cpu';
import { THREADS } from '../places.js';

/** What runs our side: compiled on ONNX Runtime or libtensorflow, or op by op on TensorFlow.js's plain or its WebAssembly backend. */
export type EngineName = 'onnxruntime' | 'libtensorflow' | 'cpu' | 'wasm';

let started: EngineName | undefined;

/** Starts an engine, once a process. */
export async function useEngine(name: EngineName): Promise<void> {
  if (started === name) return;
  if (started) throw new Error(`useEngine: expected one engine a process, got ${started} and ${name}. Start another.`);
  if (name === 'onnxruntime') await startOnnxRuntime({ threads: THREADS });
  if (name === 'libtensorflow') await startLibtensorflow({ device: 'cpu', threads: THREADS });
  if (name === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend(name === 'libtensorflow' ? 'tensorflow' : name);
  started = name;
}

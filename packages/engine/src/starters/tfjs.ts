import { setBackend, version_core } from '@tensorflow/tfjs-core';
import { ENGINES } from '../names.js';
import type { Starter } from '../report.js';

/** TensorFlow.js's WebAssembly backend, op by op. It lacks kernels that training needs (Conv2DBackpropFilter). */
export const startWasm: Starter = async (threads) => {
  await import('@tensorflow/tfjs-backend-wasm');
  if (!(await setBackend('wasm'))) throw new Error('the WebAssembly backend did not start');
  return { backend: 'wasm', threads, device: 'CPU', version: version_core };
};

/** TensorFlow.js's plain JavaScript backend, op by op: slow, everywhere, the reference in tests. */
export const startCpu: Starter = async () => {
  await import('@tensorflow/tfjs-backend-cpu');
  if (!(await setBackend('cpu'))) throw new Error('the cpu backend did not start');
  return { backend: 'cpu', threads: 1, device: 'CPU', version: version_core };
};

/** Known, and refused: its tensors can only be read asynchronously, which a training loop here does not do. */
export const startWebgpu: Starter = () => Promise.reject(new Error(ENGINES.webgpu.refused));

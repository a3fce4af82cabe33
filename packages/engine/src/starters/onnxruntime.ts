import { setBackend } from '@tensorflow/tfjs-core';
import type { Starter } from '../report.js';

/** ONNX Runtime: compiles whole functions; installs from npm alone on every platform. */
export const startOnnx: Starter = async (threads) => {
  const { startOnnxRuntime, version } = await import('@edm2/tfjs-onnxruntime');
  const engine = await startOnnxRuntime({ threads });
  await setBackend('onnxruntime');
  return { backend: 'onnxruntime', threads, device: 'CPU', version, engine };
};

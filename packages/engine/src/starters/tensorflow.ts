import util from 'node:util';
import { backend, setBackend, version_core } from '@tensorflow/tfjs-core';
import type { Starter } from '../report.js';

/** What of tfjs-node's backend tells whether a GPU answers. */
interface NodeBackend {
  readonly isUsingGpuDevice?: boolean;
}

/**
 * A plainly installed `@tensorflow/tfjs-node` or `-gpu`, op by op. TensorFlow falls back to the CPU silently when CUDA is not
 * there, so the device is asked after. Not yet measured on a GPU.
 */
const start =
  (packageName: string, gpu: boolean): Starter =>
  async (threads) => {
    restoreUtil();
    await import(packageName);
    if (!(await setBackend('tensorflow'))) throw new Error('the tensorflow backend did not start');
    const onGpu = (backend() as NodeBackend).isUsingGpuDevice === true;
    if (gpu && !onGpu) throw new Error('TensorFlow sees no GPU: check the driver, CUDA 11.2 and cuDNN 8');
    return { backend: 'tensorflow', threads, device: onGpu ? 'GPU' : 'CPU', version: version_core };
  };

export const startTensorflowGpu = start('@tensorflow/tfjs-node-gpu', true);
export const startTensorflow = start('@tensorflow/tfjs-node', false);

/** tfjs-node 4.22 calls two functions that Node 23 took away. */
function restoreUtil(): void {
  const old = util as unknown as Record<string, unknown>;
  old['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  old['isArray'] ??= Array.isArray;
}

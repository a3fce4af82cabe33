import util from 'node:util';
import { backend, getKernelsForBackend, setBackend, unregisterKernel, version_core } from '@tensorflow/tfjs-core';
import type { Starter } from '../report.js';

/** What of tfjs-node's backend tells whether a GPU answers. */
interface NodeBackend {
  readonly isUsingGpuDevice?: boolean;
}

/** TensorFlow's C library through `@edm2/tfjs-libtensorflow`: compiles whole functions. On a GPU not yet measured. */
const library =
  (device: 'cpu' | 'gpu'): Starter =>
  async (threads) => {
    const { startLibtensorflow } = await import('@edm2/tfjs-libtensorflow');
    const engine = await startLibtensorflow({ threads, device });
    await setBackend('tensorflow');
    return { backend: 'tensorflow', threads, device: device.toUpperCase(), version: engine.version, engine };
  };

/**
 * A plainly installed `@tensorflow/tfjs-node` or `-gpu`, op by op. TensorFlow falls back to the CPU silently when CUDA is not
 * there, so the device is asked after. Not yet measured on a GPU.
 */
const plain =
  (packageName: string, gpu: boolean): Starter =>
  async (threads) => {
    restoreUtil();
    await import(packageName).catch((error: unknown) => {
      // Kernels are registered before the addon is looked for: without it they must not stay in the way of the library's.
      for (const { kernelName } of getKernelsForBackend('tensorflow')) unregisterKernel(kernelName, 'tensorflow');
      throw error;
    });
    if (!(await setBackend('tensorflow'))) throw new Error('the tensorflow backend did not start');
    const onGpu = (backend() as NodeBackend).isUsingGpuDevice === true;
    if (gpu && !onGpu) throw new Error('TensorFlow sees no GPU: check the driver, CUDA 11.2 and cuDNN 8');
    return { backend: 'tensorflow', threads, device: onGpu ? 'GPU' : 'CPU', version: version_core };
  };

/** The first that starts; the reasons of all when none does. */
const eitherOf =
  (first: Starter, second: Starter): Starter =>
  async (threads) => {
    try {
      return await first(threads);
    } catch (cause) {
      return second(threads).catch((error: unknown) => {
        throw new Error(`${messageOf(cause)} And without it: ${messageOf(error)}`, { cause });
      });
    }
  };

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const startLibraryOnCpu = library('cpu');
export const startTensorflow = eitherOf(library('cpu'), plain('@tensorflow/tfjs-node', false));
export const startTensorflowGpu = eitherOf(library('gpu'), plain('@tensorflow/tfjs-node-gpu', true));

/** tfjs-node 4.22 calls two functions that Node 23 took away. tfjs-libtensorflow has these lines too, but need not be installed here. */
function restoreUtil(): void {
  const old = util as unknown as Record<string, unknown>;
  old['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  old['isArray'] ??= Array.isArray;
}

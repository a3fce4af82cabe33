import {
  backend_util,
  Elu,
  expm1,
  greater,
  type KernelConfig,
  mul,
  registerKernel,
  Selu,
  type Tensor,
  tidy,
  unregisterKernel,
  where,
} from '@tensorflow/tfjs-core';

const { SELU_SCALE, SELU_SCALEALPHA } = backend_util;

/** TensorFlow's own subtract 1 from e^x, and nothing is left of small x. */
const EXACT: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  [Elu]: (x) => where(greater(x, 0), x, expm1(x)),
  [Selu]: (x) => where(greater(x, 0), mul(x, SELU_SCALE), mul(expm1(x), SELU_SCALEALPHA)),
};

/** Puts exact kernels in the place of tfjs-node's. */
export function registerExactKernels(backendName: string): void {
  for (const [kernelName, fn] of Object.entries(EXACT)) {
    unregisterKernel(kernelName, backendName);
    const kernelFunc: KernelConfig['kernelFunc'] = ({ inputs }) => tidy(() => fn(inputs['x'] as Tensor));
    registerKernel({ kernelName, backendName, kernelFunc });
  }
}

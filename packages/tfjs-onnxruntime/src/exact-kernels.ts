import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import {
  backend_util,
  Elu,
  Erf,
  type KernelConfig,
  registerKernel,
  Selu,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';

const { SELU_SCALE, SELU_SCALEALPHA } = backend_util;

/** Beyond it, 1 is nearer than any other float32. */
const ERF_IS_ONE = 4;
/** Below it the series converges in few terms, above the continued fraction does. */
const ERF_SERIES = 2;
const ERF_LEVELS = 60;

/** The error function in float64: its series, or 1 less the continued fraction of its complement. */
function erf(x: number): number {
  const size = Math.abs(x);
  if (size >= ERF_IS_ONE) return Math.sign(x);
  if (size > ERF_SERIES) {
    let fraction = 0;
    for (let k = ERF_LEVELS; k > 0; k--) fraction = k / 2 / (size + fraction);
    return Math.sign(x) * (1 - Math.exp(-x * x) / (Math.sqrt(Math.PI) * (size + fraction)));
  }
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** Kernels of the cpu backend that lose digits of small numbers, by what they should give. */
const EXACT: Readonly<Record<string, (x: number) => number>> = {
  [Elu]: (x) => (x > 0 ? x : Math.expm1(x)),
  [Selu]: (x) => (x > 0 ? SELU_SCALE * x : SELU_SCALEALPHA * Math.expm1(x)),
  [Erf]: erf,
};

/** Puts exact kernels in the place of those that were copied from cpu, on one backend. */
export function registerExactKernels(backendName: string): void {
  for (const [kernelName, fn] of Object.entries(EXACT)) {
    unregisterKernel(kernelName, backendName);
    registerKernel({ kernelName, backendName, kernelFunc: elementwise(fn) });
  }
}

const elementwise =
  (fn: (x: number) => number): KernelConfig['kernelFunc'] =>
  ({ inputs, backend }): TensorInfo => {
    const { dataId, shape, dtype } = inputs['x'] as TensorInfo;
    const cpu = backend as MathBackendCPU;
    const given = cpu.data.get(dataId).values as Float32Array | Int32Array | Uint8Array;
    return cpu.makeTensorInfo(shape, dtype, given.map(fn));
  };

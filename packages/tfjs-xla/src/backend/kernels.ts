import { COMPILED_KERNELS, type Graph, kernelGraph, kernelInputs, runDecomposed } from '@edm2/tfjs-jit/graph';
import {
  engine,
  getKernelsForBackend,
  type KernelConfig,
  registerKernel,
  type TensorInfo,
  tidy,
} from '@tensorflow/tfjs-core';
import type { XlaExecutable } from '../engine/executable.js';
import type { XlaBackend } from './backend.js';
import { isForHost, onCpu, WRITTEN } from './host-kernels.js';
import { BACKEND } from './name.js';

/** Executables that are kept for ops outside compiled functions; the one that was used longest ago goes first. */
const MAX_KEPT = 2048;

/** Kernels that always give a list. */
const LISTS: ReadonlySet<string> = new Set(['Unpack', 'SplitV']);

type Load = (graph: Graph) => XlaExecutable;

/** Registers every kernel that can be compiled, run op by op through the same lowering; the rest where cpu has them. */
export function registerKernels(load: Load): void {
  const kept = new Map<string, XlaExecutable>();
  const executableOf = (kernel: string, tensors: readonly TensorInfo[], attrs: object): XlaExecutable => {
    const key = [kernel, written(attrs), ...tensors.map(({ shape, dtype }) => `${dtype}[${shape}]`)].join('|');
    const found = kept.get(key) ?? load(kernelGraph(kernel, tensors, attrs, runningOp()));
    kept.delete(key);
    kept.set(key, found);
    const [oldest] = kept;
    if (kept.size > MAX_KEPT && oldest !== undefined) {
      kept.delete(oldest[0]);
      oldest[1].dispose();
    }
    return found;
  };
  const compiled =
    (kernel: string): KernelConfig['kernelFunc'] =>
    ({ inputs, attrs = {} }) => {
      const simpler = tidy(() => runDecomposed(kernel, inputs, attrs) as never) as
        | TensorInfo
        | TensorInfo[]
        | undefined;
      if (simpler !== undefined) return simpler;
      const tensors = kernelInputs(kernel, inputs);
      const made = executableOf(kernel, tensors, attrs).run(tensors);
      const [only] = made;
      return only === undefined || made.length > 1 || LISTS.has(kernel) ? made : only;
    };
  const cpu = new Map(getKernelsForBackend('cpu').map(({ kernelName, kernelFunc }) => [kernelName, onCpu(kernelFunc)]));
  const kernels = new Map([...cpu, ...Object.entries(WRITTEN)]);
  for (const name of COMPILED_KERNELS)
    if (!(name in WRITTEN)) kernels.set(name, forDevice(compiled(name), cpu.get(name)));
  kernels.set('Identity', shared);
  for (const [kernelName, kernelFunc] of kernels) registerKernel({ kernelName, backendName: BACKEND, kernelFunc });
}

/** A kernel that leaves what no device holds, text and complex numbers, to cpu's. */
const forDevice =
  (compiled: KernelConfig['kernelFunc'], cpu: KernelConfig['kernelFunc'] | undefined): KernelConfig['kernelFunc'] =>
  (args) =>
    cpu !== undefined && isForHost(args.inputs, args.attrs) ? cpu(args) : compiled(args);

/** The op that is running; its scope carries a suffix. */
const runningOp = (): string => (engine().state.activeScope?.name || 'kernel').replace(/__op$/, '');

/** Attributes as a key: numbers that JSON has no word for, too. */
const written = (attrs: object): string =>
  JSON.stringify(attrs, (_, value: unknown) =>
    typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
      ? `#${Object.is(value, -0) ? '-0' : value}`
      : ArrayBuffer.isView(value)
        ? Array.from(value as unknown as ArrayLike<number>)
        : value,
  );

const shared: KernelConfig['kernelFunc'] = ({ inputs, backend }) => {
  const { dataId, shape, dtype } = inputs['x'] as TensorInfo;
  (backend as XlaBackend).incRef(dataId);
  return { dataId, shape, dtype };
};

import { COMPILED_KERNELS, type Graph, kernelGraph, kernelInputs, runDecomposed } from '@edm2/tfjs-jit/graph';
import {
  engine,
  getKernelsForBackend,
  type KernelConfig,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  tidy,
} from '@tensorflow/tfjs-core';
import type { XlaExecutable } from '../engine/executable.js';
import type { XlaBackend } from './backend.js';
import { BACKEND } from './name.js';

/** Executables that are kept for ops outside compiled functions; the one that was used longest ago goes first. */
const MAX_KEPT = 2048;

/** Kernels whose result is known where they are called: it is written instead of computed. */
const WRITTEN: ReadonlySet<string> = new Set(['Fill', 'Range']);

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
  for (const kernelName of COMPILED_KERNELS)
    if (!WRITTEN.has(kernelName))
      registerKernel({ kernelName, backendName: BACKEND, kernelFunc: compiled(kernelName) });
  registerKernel({ kernelName: 'Identity', backendName: BACKEND, kernelFunc: shared });
  const known = new Set(['Identity', ...COMPILED_KERNELS.filter((name) => !WRITTEN.has(name))]);
  for (const { kernelName, kernelFunc } of getKernelsForBackend('cpu'))
    if (!known.has(kernelName)) registerKernel({ kernelName, backendName: BACKEND, kernelFunc: onCpu(kernelFunc) });
}

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

/** Runs cpu's kernel on copies of the inputs. */
const onCpu =
  (kernelFunc: KernelConfig['kernelFunc']): KernelConfig['kernelFunc'] =>
  ({ inputs, attrs = {}, backend }) => {
    const [xla, cpu] = [backend as XlaBackend, engine().findBackend('cpu')];
    const copy = ({ dataId, shape, dtype }: TensorInfo): TensorInfo => ({
      dataId: cpu.write(xla.readSync(dataId), shape, dtype),
      shape,
      dtype,
    });
    const copies = Object.entries(inputs).flatMap(([name, tensor]) =>
      tensor === undefined || tensor === null ? [] : [[name, copy(tensor as TensorInfo)] as const],
    );
    const made = kernelFunc({ inputs: Object.fromEntries(copies) as NamedTensorInfoMap, attrs, backend: cpu });
    const back = (info: TensorInfo): TensorInfo => {
      const values = cpu.readSync(info.dataId);
      cpu.disposeData(info.dataId);
      return { dataId: xla.write(values, info.shape, info.dtype), shape: info.shape, dtype: info.dtype };
    };
    const moved = Array.isArray(made) ? made.map(back) : back(made);
    for (const [, { dataId }] of copies) cpu.disposeData(dataId);
    return moved;
  };

import {
  backend_util,
  type DataType,
  engine,
  getKernel,
  type KernelConfig,
  type NamedTensorInfoMap,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import type { XlaBackend } from './backend.js';

type Attributes = Parameters<KernelConfig['kernelFunc']>[0]['attrs'];

const isHostType = (dtype: unknown): boolean => dtype === 'string' || dtype === 'complex64';

/** Whether a call has text or complex numbers, which no device holds. */
export const isForHost = (inputs: NamedTensorInfoMap, attrs: Attributes): boolean =>
  isHostType(attrs?.['dtype']) ||
  Object.values(inputs).some((tensor) => isHostType((tensor as TensorInfo | undefined)?.dtype));

/** Kernels whose result is known where they are called: it is written instead of computed. */
export const WRITTEN: Readonly<Record<string, KernelConfig['kernelFunc']>> = {
  Fill({ attrs, backend }) {
    const {
      shape,
      value,
      dtype = util.inferDtype(value as number),
    } = attrs as unknown as {
      readonly shape: number[];
      readonly value: number | string;
      readonly dtype?: DataType;
    };
    const size = util.sizeFromShape(shape);
    const values =
      dtype === 'string'
        ? Array.from({ length: size }, () => util.encodeString(value as string))
        : util.getArrayFromDType(dtype, size).fill(value as never);
    return { dataId: (backend as XlaBackend).write(values as backend_util.BackendValues, shape, dtype), shape, dtype };
  },
  Range({ attrs, backend }) {
    const { start, stop, step, dtype } = attrs as unknown as {
      readonly start: number;
      readonly stop: number;
      readonly step: number;
      readonly dtype: 'float32' | 'int32';
    };
    // As TensorFlow.js has it: a step of 1, its default, goes down where stop lies below.
    const by = stop < start && step === 1 ? -1 : step;
    const length = (stop - start) * by > 0 ? Math.ceil(Math.abs((stop - start) / by)) : 0;
    const values = util.makeZerosTypedArray(length, dtype);
    // Summed, so that rounding is that of its other backends.
    for (let i = 0; i < length; i++) values[i] = i === 0 ? start : (values[i - 1] as number) + by;
    return { dataId: (backend as XlaBackend).write(values, [length], dtype), shape: [length], dtype };
  },
};

/** Runs cpu's kernel on copies of the inputs. */
export const onCpu =
  (kernelFunc: KernelConfig['kernelFunc']): KernelConfig['kernelFunc'] =>
  ({ inputs, attrs = {}, backend }) => {
    const [xla, cpu] = [backend as XlaBackend, engine().findBackend('cpu')];
    const copies: TensorInfo[] = [];
    const copy = (tensor: TensorInfo): TensorInfo => {
      const made = copyTo(cpu, tensor, xla);
      copies.push(made);
      return made;
    };
    const named = (given: NamedTensorInfoMap): NamedTensorInfoMap =>
      Object.fromEntries(
        Object.entries(given).flatMap(([name, tensor]) =>
          tensor === undefined || tensor === null ? [] : [[name, copy(tensor as TensorInfo)] as const],
        ),
      );
    // Kernels of any number of inputs are given a list, whatever their type says.
    const given = Array.isArray(inputs) ? (inputs.map(copy) as unknown as NamedTensorInfoMap) : named(inputs);
    const made = kernelFunc({ inputs: given, attrs, backend: cpu });
    const back = (info: TensorInfo): TensorInfo => {
      const values = cpu.readSync(info.dataId);
      cpu.disposeData(info.dataId);
      return { dataId: xla.write(values, info.shape, info.dtype), shape: info.shape, dtype: info.dtype };
    };
    const moved = Array.isArray(made) ? made.map(back) : back(made);
    for (const { dataId } of copies) cpu.disposeData(dataId);
    return moved;
  };

type Cpu = ReturnType<ReturnType<typeof engine>['findBackend']>;

/** Complex numbers lie in pairs here, and in two tensors there. */
function copyTo(cpu: Cpu, { dataId, shape, dtype }: TensorInfo, xla: XlaBackend): TensorInfo {
  const values = xla.readSync(dataId);
  if (dtype !== 'complex64') return { dataId: cpu.write(values, shape, dtype), shape, dtype };
  const { real, imag } = backend_util.splitRealAndImagArrays(values as Float32Array);
  const [re, im] = [real, imag].map(
    (part): TensorInfo => ({ dataId: cpu.write(part, shape, 'float32'), shape, dtype: 'float32' }),
  ) as [TensorInfo, TensorInfo];
  const made = getKernel('Complex', 'cpu').kernelFunc({
    inputs: { real: re, imag: im },
    attrs: {},
    backend: cpu,
  }) as TensorInfo;
  for (const part of [re, im]) cpu.disposeData(part.dataId);
  return made;
}

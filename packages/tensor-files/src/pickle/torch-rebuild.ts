import { bytesPerElement, type Dtype } from '../safetensors/dtype.js';
import { fromFloat32 } from '../safetensors/half.js';
import { memorySource } from './byte-source.js';
import type { CallContext, Meaning } from './call.js';
import { describe, isCount } from './describe.js';
import { MAX_PICKLE_RANK } from './limits.js';
import { isConjugable, isNegatable } from './negate.js';
import { torchDtype } from './torch-dtypes.js';
import { TorchStorage, TorchTensor, type TorchTensorOptions } from './torch-tensor.js';
import { OpaqueTensor, PickledArray, PickleGlobal, PickleObject, type PickleValue } from './values.js';

type Args = readonly (PickleValue | undefined)[];

const DAMAGED = 'The file is damaged.';

/** `(storage, offset, shape, strides)`, of the oldest files, on which nothing else follows. */
const rebuildTensor: Meaning = (args, context) => {
  checkCount(args, 4, 4, context);
  return tensorOf(args, undefined, {}, context);
};

/** `(storage, offset, shape, strides, requires_grad, backward_hooks, metadata)` */
const rebuildTensorV2: Meaning = (args, context) => {
  checkCount(args, 5, 7, context);
  const [, , , , requiresGrad, hooks, metadata] = args;
  return tensorOf(args, undefined, { requiresGrad, hooks, metadata }, context);
};

/** `(storage, offset, shape, strides, requires_grad, backward_hooks, dtype, metadata)`, of types that have no storage class. */
const rebuildTensorV3: Meaning = (args, context) => {
  checkCount(args, 7, 8, context);
  const [, , , , requiresGrad, hooks, dtype, metadata] = args;
  if (!(dtype instanceof PickleGlobal))
    return context.fail('value', `expected an element type, got ${describe(dtype)}. ${DAMAGED}`);
  return tensorOf(args, dtype, { requiresGrad, hooks, metadata }, context);
};

function checkCount(args: Args, least: number, most: number, { fail }: CallContext): void {
  if (args.length < least || args.length > most)
    fail(
      'value',
      `expected ${least === most ? least : `${least} to ${most}`} arguments of a tensor, got ${args.length}. Was it saved by a newer PyTorch? Save its numbers plainly: tensor.clone().`,
    );
}

interface Properties {
  readonly requiresGrad?: PickleValue | undefined;
  readonly hooks?: PickleValue | undefined;
  readonly metadata?: PickleValue | undefined;
}

function tensorOf(
  [storage, offset, shape, strides]: Args,
  type: PickleGlobal | undefined,
  { requiresGrad = false, hooks = null, metadata = null }: Properties,
  context: CallContext,
): TorchTensor | OpaqueTensor {
  const { fail, expand } = context;
  if (!(storage instanceof TorchStorage))
    return fail('value', `expected a storage, got ${describe(storage)}. ${DAMAGED}`);
  if (!isCount(offset) || !isSizes(shape) || !isSizes(strides) || shape.length !== strides.length)
    return fail('value', `expected an offset, a shape and strides, got other values. ${DAMAGED}`);
  if (typeof requiresGrad !== 'boolean')
    return fail('value', `expected requires_grad, got ${describe(requiresGrad)}. ${DAMAGED}`);
  const opaque = (kind: string) => new OpaqueTensor(kind, [storage, offset, shape, strides, ...(type ? [type] : [])]);
  const dtype = type ? torchDtype(type.name) : storage.dtype;
  if (dtype === undefined) return opaque(`a tensor of ${type?.name}`);
  if (storage.isQuantized) return opaque('a quantized tensor without its scale');
  if (!isEmpty(hooks)) return opaque('a tensor with backward hooks');
  const signs = signsOf(metadata, dtype);
  if (typeof signs === 'string') return opaque(`a tensor ${signs}`);

  const typed = dtype === storage.dtype ? storage : storage.view(dtype);
  const size = shape.reduce((product, side) => product * side, 1);
  const last = shape.reduce((place, side, axis) => place + (side - 1) * (strides[axis] as number), offset);
  if (size > 0 && !(last < typed.length))
    return fail(
      'storage',
      `expected a tensor within its storage of ${typed.length} elements, got [${shape}] from ${offset} by [${strides}]. ${DAMAGED}`,
    );
  // One that repeats elements (stride 0) could claim any size.
  if (size > typed.length && !expand((size - typed.length) * bytesPerElement(dtype)))
    return opaque(`a tensor of ${size} elements that are ${typed.length} repeated`);
  return new TorchTensor(typed, offset, [...shape], [...strides], { requiresGrad, ...signs });
}

const isSizes = (value: PickleValue | undefined): value is number[] =>
  Array.isArray(value) && value.length <= MAX_PICKLE_RANK && value.every(isCount);

const isEmpty = (value: PickleValue | undefined): boolean =>
  value === undefined || value === null || (value instanceof Map && value.size === 0);

/** The lazy operations that metadata says, or in words what is not applied here. */
function signsOf(metadata: PickleValue | undefined, dtype: Dtype): TorchTensorOptions | string {
  if (isEmpty(metadata)) return {};
  if (!(metadata instanceof Map)) return `with metadata of another kind (${describe(metadata)})`;
  for (const [key, value] of metadata) {
    if ((key !== 'conj' && key !== 'neg') || typeof value !== 'boolean') return `with metadata ${describe(key)}`;
    if (value && key === 'conj' && !isConjugable(dtype)) return `of ${dtype} as a lazy conjugate`;
    if (value && key === 'neg' && !isNegatable(dtype)) return `of ${dtype} as a lazy negative`;
  }
  return { isNegated: metadata.get('neg') === true, isConjugated: metadata.get('conj') === true };
}

const isTensor = (value: PickleValue | undefined): value is TorchTensor | OpaqueTensor =>
  value instanceof TorchTensor || value instanceof OpaqueTensor;

/** `(tensor, requires_grad, backward_hooks)` */
const rebuildParameter: Meaning = (args, context) => {
  checkCount(args, 3, 3, context);
  return parameterOf(args, undefined, context);
};

/** `(tensor, requires_grad, backward_hooks, state)` */
const rebuildParameterWithState: Meaning = (args, context) => {
  checkCount(args, 4, 4, context);
  return parameterOf(args, args[3], context);
};

/** A call of the class itself: `(tensor, requires_grad)`. */
const parameter: Meaning = (args, context) => {
  checkCount(args, 1, 2, context);
  return parameterOf([args[0], args[1] ?? true, null], undefined, context);
};

function parameterOf(
  [tensor, requiresGrad, hooks]: Args,
  state: PickleValue | undefined,
  context: CallContext,
): TorchTensor | OpaqueTensor {
  if (tensor instanceof PickleObject) return new OpaqueTensor(`a parameter of the class ${tensor.global}`, [tensor]);
  if (!isTensor(tensor)) return context.fail('value', `expected a tensor, got ${describe(tensor)}. ${DAMAGED}`);
  if (typeof requiresGrad !== 'boolean')
    return context.fail('value', `expected requires_grad, got ${describe(requiresGrad)}. ${DAMAGED}`);
  if (!isEmpty(hooks)) return new OpaqueTensor('a parameter with backward hooks', [tensor]);
  return withState(tensor instanceof TorchTensor ? tensor.with({ requiresGrad }) : tensor, state, context);
}

/** A tensor with attributes: a dictionary, or one and a second for slots. None of them changes its values. */
function withState(
  tensor: TorchTensor | OpaqueTensor,
  state: PickleValue | undefined,
  { fail, visit }: Pick<CallContext, 'fail' | 'visit'>,
): TorchTensor | OpaqueTensor {
  const parts = Array.isArray(state) && state.length === 2 ? state : [state ?? null];
  const attributes = new Map<PickleValue, PickleValue>();
  for (const part of parts) {
    if (part === null || part === undefined) continue;
    if (!(part instanceof Map))
      return fail('value', `expected attributes of a tensor, got ${describe(part)}. ${DAMAGED}`);
    visit(part.size);
    for (const [key, value] of part) attributes.set(key, value);
  }
  if (attributes.size === 0) return tensor;
  if (tensor instanceof TorchTensor) visit(tensor.attributes.size);
  return tensor instanceof TorchTensor
    ? tensor.with({ attributes: new Map([...tensor.attributes, ...attributes]) })
    : new OpaqueTensor(tensor.kind, [...tensor.parts, attributes]);
}

/** Classes that are tensors and nothing more. */
const PLAIN_CLASSES = ['torch.Tensor', 'torch.nn.parameter.Parameter', 'torch.nn.parameter.Buffer'];

/** `(function, class, arguments, state)`: a tensor with attributes, or of a class of somebody's own. */
const rebuildFromType: Meaning = (args, context) => {
  checkCount(args, 4, 4, context);
  const [fn, type, inner, state] = args;
  if (!(fn instanceof PickleGlobal) || !(type instanceof PickleGlobal) || !Array.isArray(inner))
    return context.fail('value', `expected a function, a class and arguments, got other values. ${DAMAGED}`);
  const rebuild =
    Object.hasOwn(REBUILD_MEANINGS, fn.name) && fn.name !== FROM_TYPE ? REBUILD_MEANINGS[fn.name] : undefined;
  const tensor = rebuild?.(inner, context);
  if (isTensor(tensor) && PLAIN_CLASSES.includes(type.name)) return withState(tensor, state, context);
  return new OpaqueTensor(`a tensor of the class ${type.name}`, [fn, type, tensor ?? inner, state ?? null]);
};
const FROM_TYPE = 'torch._tensor._rebuild_from_type_v2';

/** `(layout, parts)` */
const rebuildSparse: Meaning = ([layout, data], { fail }) => {
  const name = layout instanceof PickleObject ? layout.args[0] : layout;
  if (typeof name !== 'string' || !Array.isArray(data))
    return fail('value', `expected a layout and the parts of a sparse tensor, got other values. ${DAMAGED}`);
  return new OpaqueTensor(`a sparse tensor (${name})`, data);
};

/** `(array, dtype, device, requires_grad)`: tensors of devices whose memory torch cannot read. */
const rebuildFromArray: Meaning = (args, context) => {
  checkCount(args, 4, 4, context);
  const [array, type, , requiresGrad] = args;
  if (!(array instanceof PickledArray) || !(type instanceof PickleGlobal) || typeof requiresGrad !== 'boolean')
    return context.fail('value', `expected an array, a type, a device and requires_grad, got other values. ${DAMAGED}`);
  const dtype = torchDtype(type.name);
  const bytes = dtype && arrayBytes(array, dtype);
  if (!bytes) return new OpaqueTensor(`a tensor of ${type.name} stored as an array of ${array.dtype}`, [array, type]);
  context.spend(bytes.length);
  const storage = new TorchStorage(dtype, bytes.length / bytesPerElement(dtype), memorySource(bytes));
  const strides = array.shape.map((_, axis) =>
    array.shape.slice(axis + 1).reduce((product, side) => product * side, 1),
  );
  return new TorchTensor(storage, 0, array.shape, strides, { requiresGrad });
};

/** Types of tensors by those of arrays. */
const ARRAY_DTYPES: Readonly<Record<string, Dtype>> = {
  ...{ '<f4': 'F32', '<f8': 'F64', '|i1': 'I8', '<i2': 'I16', '<i4': 'I32', '<i8': 'I64' },
  ...{ '|u1': 'U8', '<u2': 'U16', '<u4': 'U32', '<u8': 'U64', '|b1': 'BOOL', '<c8': 'C64', '<c16': 'C128' },
};

function arrayBytes({ dtype, data }: PickledArray, wanted: Dtype): Uint8Array | undefined {
  const isHalf = wanted === 'F16' || wanted === 'BF16';
  // Half floats are widened when arrays are read, and NumPy has no bfloat16: both come as float32.
  const values = isHalf && data instanceof Float32Array ? fromFloat32(data, wanted) : data;
  if (values === data && ARRAY_DTYPES[dtype] !== wanted) return undefined;
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** `(tensor, dtype, device, requires_grad)` */
const rebuildFromCpu: Meaning = (args, context) => {
  checkCount(args, 4, 4, context);
  const [tensor, type, , requiresGrad] = args;
  if (!isTensor(tensor) || !(type instanceof PickleGlobal) || typeof requiresGrad !== 'boolean')
    return context.fail('value', `expected a tensor, a type, a device and requires_grad, got other values. ${DAMAGED}`);
  if (tensor instanceof TorchTensor && torchDtype(type.name) === tensor.dtype) return tensor.with({ requiresGrad });
  return new OpaqueTensor(`a tensor to be converted to ${type.name}`, [tensor, type]);
};

/** A tensor of which only a description is read. */
const opaque =
  (kind: (args: Args) => string): Meaning =>
  (args) =>
    new OpaqueTensor(kind(args), args);

/** What the functions stand for that build tensors. */
export const REBUILD_MEANINGS: Readonly<Record<string, Meaning>> = {
  'torch._utils._rebuild_tensor': rebuildTensor,
  'torch._utils._rebuild_tensor_v2': rebuildTensorV2,
  'torch._utils._rebuild_tensor_v3': rebuildTensorV3,
  'torch._utils._rebuild_parameter': rebuildParameter,
  'torch._utils._rebuild_parameter_with_state': rebuildParameterWithState,
  'torch.nn.parameter.Parameter': parameter,
  'torch._tensor._rebuild_from_type': rebuildFromType,
  [FROM_TYPE]: rebuildFromType,
  'torch._utils._rebuild_sparse_tensor': rebuildSparse,
  'torch._utils._rebuild_sparse_csr_tensor': rebuildSparse,
  'torch._utils._rebuild_qtensor': opaque(([storage]) =>
    storage instanceof TorchStorage ? `a quantized tensor of ${storage.dtype}` : 'a quantized tensor',
  ),
  'torch._utils._rebuild_nested_tensor': opaque(() => 'a nested tensor'),
  'torch._utils._rebuild_meta_tensor_no_storage': opaque(() => 'a tensor of the device meta, which has no values'),
  'torch._utils._rebuild_wrapper_subclass': opaque(
    ([type]) => `a tensor of the class ${describe(type)} without values`,
  ),
  'torch._utils._rebuild_device_tensor_from_numpy': rebuildFromArray,
  'torch._utils._rebuild_xla_tensor': rebuildFromArray,
  'torch._utils._rebuild_device_tensor_from_cpu_tensor': rebuildFromCpu,
};

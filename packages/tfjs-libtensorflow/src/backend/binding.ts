import { type Attribute, AttributeKind } from '../native/attribute.js';
import { arrayFor, DataType } from '../native/data-type.js';
import type { Handle, Runtime } from '../native/runtime.js';
import type { TensorContents } from '../native/tensor.js';

/** What TensorFlow.js's Node kernels know of an operation's result. */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/**
 * The functions that TensorFlow.js's Node kernels call, which `@tensorflow/tfjs-node` has in a compiled addon. Tensors go by
 * numbers.
 */
export class Binding {
  readonly TF_FLOAT = DataType.float32;
  readonly TF_INT32 = DataType.int32;
  readonly TF_INT64 = DataType.int64;
  readonly TF_BOOL = DataType.bool;
  readonly TF_COMPLEX64 = DataType.complex64;
  readonly TF_STRING = DataType.string;
  readonly TF_RESOURCE = DataType.resource;
  readonly TF_UINT8 = DataType.uint8;
  readonly TF_ATTR_STRING = AttributeKind.string;
  readonly TF_ATTR_INT = AttributeKind.int;
  readonly TF_ATTR_FLOAT = AttributeKind.float;
  readonly TF_ATTR_BOOL = AttributeKind.bool;
  readonly TF_ATTR_TYPE = AttributeKind.type;
  readonly TF_ATTR_SHAPE = AttributeKind.shape;
  readonly TF_ATTR_RESOURCE = 6;
  readonly TF_Version: string;
  private readonly runtime: Runtime;
  /** Device that float tensors are put on; undefined for host memory. */
  private readonly device: string | undefined;
  private readonly handles = new Map<number, Handle>();
  private next = 0;

  constructor(runtime: Runtime, device: string | undefined) {
    this.runtime = runtime;
    this.device = device;
    this.TF_Version = runtime.version;
  }

  /** Gives a number to a handle, which is the binding's from now on. */
  adopt(handle: Handle): number {
    this.handles.set(this.next, handle);
    return this.next++;
  }

  handleOf(id: number): Handle {
    const handle = this.handles.get(id);
    if (handle === undefined)
      throw new Error(`tensorflow: expected the number of a tensor, got ${id}. It was disposed before.`);
    return handle;
  }

  createTensor(shape: readonly number[], dtype: number, values: unknown): number {
    return this.adopt(this.upload(shape, dtype, values));
  }

  /** A handle over values. Small whole numbers stay in host memory, where kernels want them. */
  upload(shape: readonly number[], dtype: number, values: unknown): Handle {
    const device = dtype === DataType.int32 || dtype === DataType.string ? undefined : this.device;
    return this.runtime.create(dtype, shape, typed(dtype, values), device);
  }

  deleteTensor(id: number): void {
    this.runtime.release(this.handleOf(id));
    this.handles.delete(id);
  }

  tensorDataSync(id: number): TensorContents {
    return this.runtime.read(this.handleOf(id));
  }

  executeOp(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputs: number,
  ): TensorMetadata[] {
    const given = inputs.map((id) => this.handleOf(id));
    const [first] = given;
    // TensorFlow 2.21's Round gives zeros for int32, which are whole already.
    const whole = name === 'Round' && first !== undefined && this.runtime.typeOf(first) === DataType.int32;
    const handles = this.runtime.execute(whole ? 'Identity' : name, given, outputs, { attributes });
    return handles.map((handle) => ({
      id: this.adopt(handle),
      shape: this.runtime.shapeOf(handle),
      dtype: this.runtime.typeOf(handle),
    }));
  }

  isUsingGpuDevice(): boolean {
    return this.device !== undefined;
  }

  getNumOfTensors(): number {
    return this.handles.size;
  }

  getNumOfSavedModels(): number {
    return 0;
  }

  loadSavedModel(): never {
    throw new Error(
      'tensorflow: expected a graph of TensorFlow.js, got a SavedModel. Convert it with tensorflowjs_converter first.',
    );
  }
}

/** Values as the array that the type wants: kernels of other backends leave plain lists behind. */
function typed(dtype: number, values: unknown): TensorContents {
  if (dtype === DataType.string) return Array.from(values as ArrayLike<Uint8Array | string>, encoded);
  const wanted = arrayFor(dtype, 0);
  if (wanted === undefined || dtype === DataType.int64 || values?.constructor === wanted.constructor)
    return values as TensorContents;
  const list = values as ArrayLike<number>;
  const array = arrayFor(dtype, list.length * wanted.BYTES_PER_ELEMENT);
  (array as Float32Array).set(list);
  return array as TensorContents;
}

const encoded = (text: Uint8Array | string): Uint8Array =>
  typeof text === 'string' ? new TextEncoder().encode(text) : text;

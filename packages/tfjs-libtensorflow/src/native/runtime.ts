import { type Api, openApi, type Pointer } from './api.js';
import { type Attribute, AttributeKind, setAttribute } from './attribute.js';
import { encodeConfig, type RuntimeConfig } from './config.js';
import { DataType, dataTypeName } from './data-type.js';
import { type Device, listDevices } from './devices.js';
import { TensorflowError } from './error.js';
import { allocate, contents, type TensorContents } from './tensor.js';

/** A tensor or resource that TensorFlow holds; it lives until it is released. */
export type Handle = Pointer;

/** How an operation is run. */
export interface ExecuteOptions {
  readonly attributes?: readonly Attribute[];
  /** Full name of the device to run on; default: TensorFlow chooses. */
  readonly device?: string;
}

/**
 * One TensorFlow context: its tensors, operations and devices. What it hands out is counted, so that tests can tell when
 * something is kept.
 */
export class Runtime {
  readonly api: Api;
  readonly context: Pointer;
  readonly devices: readonly Device[];
  readonly version: string;
  /** Handles given out and not released. */
  handles = 0;
  /** Functions added and not removed. */
  functions = 0;
  private readonly status: Pointer;
  /** What tensors of strings point to until they are copied: it must not be collected. */
  private readonly pinned = new Set<TensorContents>();

  /**
   * @param file - TensorFlow's C library.
   * @throws {TensorflowError} when TensorFlow refuses the settings.
   */
  constructor(file: string, config: RuntimeConfig) {
    this.api = openApi(file);
    this.status = this.api.TF_NewStatus();
    this.version = this.api.TF_Version();
    this.context = this.newContext(config);
    this.devices = listDevices(this.api, this.context, this.status, () => this.check('listing devices'));
  }

  private newContext(config: RuntimeConfig): Pointer {
    const options = this.api.TFE_NewContextOptions();
    try {
      const bytes = encodeConfig(config);
      this.api.TFE_ContextOptionsSetConfig(options, bytes, bytes.length, this.status);
      this.check('setting up TensorFlow');
      const context = this.api.TFE_NewContext(options, this.status);
      this.check('starting TensorFlow');
      return context;
    } finally {
      this.api.TFE_DeleteContextOptions(options);
    }
  }

  /** Throws what the last call that took `this.status` reported, if anything. */
  private check(doing: string | (() => string), status = this.status): void {
    const code = this.api.TF_GetCode(status);
    if (code === 0) return;
    const message = this.api.TF_Message(status);
    this.api.TF_SetStatus(status, 0, '');
    throw new TensorflowError(typeof doing === 'string' ? doing : doing(), code, message);
  }

  /**
   * A tensor in host memory, or on `device`.
   *
   * @param type - number of the element type.
   * @param values - its elements, copied; for strings one array of bytes each.
   */
  create(type: number, shape: readonly number[], values: TensorContents, device?: string): Handle {
    if (type === DataType.string) return this.createStrings(shape, values);
    const handle = this.wrap(type, shape, values);
    if (device === undefined) return handle;
    try {
      return this.copyTo(handle, device);
    } finally {
      this.release(handle);
    }
  }

  /** Strings, copied by an operation into memory of TensorFlow's own, which it frees. */
  private createStrings(shape: readonly number[], values: TensorContents): Handle {
    this.pinned.add(values);
    const views = this.wrap(DataType.string, shape, values);
    try {
      const attributes = [{ name: 'N', type: AttributeKind.int, value: 1 }];
      const [copy] = this.execute('StringJoin', [views], 1, { attributes });
      if (copy === undefined) throw new Error('Runtime.create: expected one tensor from StringJoin, got none.');
      return copy;
    } finally {
      this.release(views);
      this.pinned.delete(values);
    }
  }

  private wrap(type: number, shape: readonly number[], values: TensorContents): Handle {
    const tensor = allocate(this.api, type, shape, values);
    try {
      const handle = this.api.TFE_NewTensorHandle(tensor, this.status);
      this.check(() => `making a tensor ${dataTypeName(type)}[${shape}]`);
      this.handles++;
      return handle;
    } finally {
      this.api.TF_DeleteTensor(tensor);
    }
  }

  /** The same tensor on another device; on the same one it shares the memory. */
  copyTo(handle: Handle, device: string): Handle {
    const copy = this.api.TFE_TensorHandleCopyToDevice(handle, this.context, device, this.status);
    this.check(() => `copying a tensor ${this.describe(handle)} to ${device}`);
    this.handles++;
    return copy;
  }

  release(handle: Handle): void {
    this.api.TFE_DeleteTensorHandle(handle);
    this.handles--;
  }

  typeOf(handle: Handle): number {
    return this.api.TFE_TensorHandleDataType(handle);
  }

  shapeOf(handle: Handle): number[] {
    const rank = this.api.TFE_TensorHandleNumDims(handle, this.status);
    this.check('asking for a tensor’s shape');
    return Array.from({ length: rank }, (_, axis) => this.api.TFE_TensorHandleDim(handle, axis, this.status));
  }

  /** Elements of a tensor, copied; waits until they are there. */
  read(handle: Handle): TensorContents {
    const tensor = this.api.TFE_TensorHandleResolve(handle, this.status);
    this.check(() => `reading a tensor ${this.describe(handle)}`);
    return this.take(tensor);
  }

  /** As `read`, but waits on a thread of its own: the event loop goes on, and the handle may be released meanwhile. */
  async readAsync(handle: Handle): Promise<TensorContents> {
    const status = this.api.TF_NewStatus();
    const shared = this.share(handle);
    try {
      const tensor = await new Promise<Pointer>((resolve, reject) => {
        this.api.TFE_TensorHandleResolve.async(shared, status, (error, result) =>
          error ? reject(error) : resolve(result),
        );
      });
      this.check(() => `reading a tensor ${this.describe(shared)}`, status);
      return this.take(tensor);
    } finally {
      this.release(shared);
      this.api.TF_DeleteStatus(status);
    }
  }

  /** Another handle of the same tensor, released on its own. */
  private share(handle: Handle): Handle {
    const shared = this.api.TFE_TensorHandleCopySharingTensor(handle, this.status);
    this.check('sharing a tensor');
    this.handles++;
    return shared;
  }

  private take(tensor: Pointer): TensorContents {
    try {
      return contents(this.api, tensor);
    } finally {
      this.api.TF_DeleteTensor(tensor);
    }
  }

  /**
   * Runs one operation, or one function that was added.
   *
   * @param outputs - how many results it has.
   * @returns handles that the caller releases; the inputs stay the caller's.
   * @throws {TensorflowError} with TensorFlow's message.
   */
  execute(name: string, inputs: readonly Handle[], outputs: number, options: ExecuteOptions = {}): Handle[] {
    const op = this.prepare(name, inputs, options);
    try {
      const results = new BigUint64Array(outputs);
      this.api.TFE_Execute(op, results, Int32Array.of(outputs), this.status);
      this.check(() => this.running(name, inputs));
      return this.adopt(results);
    } finally {
      this.api.TFE_DeleteOp(op);
    }
  }

  /** As `execute`, on a thread of its own: the event loop goes on, and the inputs may be released meanwhile. */
  async executeAsync(
    name: string,
    inputs: readonly Handle[],
    outputs: number,
    options: ExecuteOptions = {},
  ): Promise<Handle[]> {
    const op = this.prepare(name, inputs, options);
    const status = this.api.TF_NewStatus();
    try {
      const results = new BigUint64Array(outputs);
      const count = Int32Array.of(outputs);
      await new Promise<void>((resolve, reject) => {
        this.api.TFE_Execute.async(op, results, count, status, (error) => (error ? reject(error) : resolve()));
      });
      this.check(() => this.running(name, inputs), status);
      return this.adopt(results);
    } finally {
      this.api.TF_DeleteStatus(status);
      this.api.TFE_DeleteOp(op);
    }
  }

  private adopt(results: BigUint64Array): Handle[] {
    this.handles += results.length;
    return Array.from(results);
  }

  private prepare(name: string, inputs: readonly Handle[], { attributes = [], device }: ExecuteOptions): Pointer {
    const { api, status } = this;
    const op = api.TFE_NewOp(this.context, name, status);
    this.check(`preparing ${name}`);
    try {
      if (device !== undefined) {
        api.TFE_OpSetDevice(op, device, status);
        this.check(`placing ${name} on ${device}`);
      }
      for (const input of inputs) {
        api.TFE_OpAddInput(op, input, status);
        this.check(() => this.running(name, inputs));
      }
      for (const attribute of attributes) {
        setAttribute(api, op, attribute, status);
        this.check(() => `setting ${attribute.name} of ${name}`);
      }
      return op;
    } catch (error) {
      api.TFE_DeleteOp(op);
      throw error;
    }
  }

  private running(name: string, inputs: readonly Handle[]): string {
    const shown = inputs.slice(0, 4).map((input) => this.describe(input));
    const more = inputs.length > 4 ? ` and ${inputs.length - 4} more` : '';
    return `running ${name} on ${inputs.length === 0 ? 'no inputs' : shown.join(', ')}${more}`;
  }

  private describe(handle: Handle): string {
    const type = this.typeOf(handle);
    return `${dataTypeName(type)}[${this.shapeOf(handle)}]`;
  }

  /** Calls something that takes a status as its last argument, and throws what it reports. */
  checked<T>(doing: string, call: (status: Pointer) => T): T {
    const result = call(this.status);
    this.check(doing);
    return result;
  }
}

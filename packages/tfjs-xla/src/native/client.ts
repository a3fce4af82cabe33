import { statSync } from 'node:fs';
import os from 'node:os';
import { type Data, type DType, sizeOf } from '@edm2/tfjs-jit/graph';
import { type ExecutableCache, keyOf } from '../engine/cache.js';
import { type BuildOptions, encodeCompileOptions } from './compile-options.js';
import { BYTES, ELEMENT_TYPE } from './element-type.js';
import { type NamedValue, readNamedValues, writeNamedValues } from './named-values.js';
import type { Plugin } from './plugin.js';
import { addressOf, bytesOf, NULL, type Pointer, pointersOf, Struct } from './struct.js';

/** A device that this process can use. */
export interface Device {
  readonly handle: Pointer;
  readonly id: number;
  /** Such as `NVIDIA H100 80GB HBM3`, or `cpu`. */
  readonly kind: string;
}

/** Bytes of a device; undefined where its plugin does not tell. */
export interface DeviceMemory {
  readonly used: number;
  /** Most that was ever in use. */
  readonly peak: number | undefined;
  readonly limit: number | undefined;
}

/** The host's array may be written again when the call that was given it has returned. */
const COPIED_DURING_CALL = 0;

/** Devices of one plugin, and what lies on them. What it hands out is counted, so that tests can tell when something is kept. */
export class Client {
  readonly plugin: Plugin;
  readonly platform: string;
  /** Such as `PJRT C API\ncuda 13000`. */
  readonly platformVersion: string;
  readonly devices: readonly Device[];
  /** Buffers that were given out and not freed. */
  buffers = 0;
  /** Executables that were loaded and not freed. */
  executables = 0;
  /** Modules that were compiled, and not loaded from a cache. */
  compiled = 0;
  /** Where executables of earlier processes are; none is kept without it. */
  cache: ExecutableCache | undefined;
  private readonly handle: Pointer;

  /** @throws {XlaError} when no device answers, or a setting is refused. */
  constructor(plugin: Plugin, settings: Readonly<Record<string, NamedValue>> = {}) {
    this.plugin = plugin;
    const options = writeNamedValues(settings);
    const args = new Struct().pointer(16, options.bytes).size(24, options.count);
    this.handle = plugin.call('Client_Create', args).pointerAt(64);
    void options.kept.length;
    this.platform = this.of('Client_PlatformName').textAt(24);
    this.platformVersion = this.of('Client_PlatformVersion').textAt(24);
    const devices = this.of('Client_AddressableDevices');
    this.devices = pointersOf(devices.pointerAt(24), devices.sizeAt(32)).map((handle) => this.describe(handle));
  }

  /** All that an executable depends on besides its module: the compiler, its settings, and what it compiles for. */
  private get identity(): string[] {
    const { major, minor } = this.plugin.version;
    const { size, mtimeMs } = statSync(this.plugin.file);
    const devices = this.devices.map(({ id, kind }) => `${id} ${kind}`);
    const flags = process.env['XLA_FLAGS'] ?? '';
    // XLA compiles for the processor that it finds.
    const processor = `${process.arch} ${os.cpus()[0]?.model}`;
    return [`${major}.${minor} ${size} ${mtimeMs}`, this.platformVersion, devices.join(), flags, processor];
  }

  private of(name: 'Client_PlatformName' | 'Client_PlatformVersion' | 'Client_AddressableDevices'): Struct {
    return this.plugin.call(name, new Struct().pointer(16, this.handle));
  }

  private describe(handle: Pointer): Device {
    const { plugin } = this;
    const description = plugin.call('Device_GetDescription', new Struct().pointer(16, handle)).pointerAt(24);
    const ask = (name: 'DeviceDescription_Id' | 'DeviceDescription_Kind'): Struct =>
      plugin.call(name, new Struct().pointer(16, description));
    return { handle, id: ask('DeviceDescription_Id').int32At(24), kind: ask('DeviceDescription_Kind').textAt(24) };
  }

  /** Memory of a device, where the plugin tells: a CPU's does not. */
  memoryOf({ handle }: Device): DeviceMemory | undefined {
    try {
      const stats = this.plugin.call('Device_MemoryStats', new Struct().pointer(16, handle));
      // Behind each number, whether it is set.
      const told = (offset: number): number | undefined => (stats.bytes[offset + 8] ? stats.sizeAt(offset) : undefined);
      return { used: stats.sizeAt(24), peak: told(32), limit: told(80) };
    } catch {
      return undefined;
    }
  }

  /** Whether a buffer has its values: the device has nothing left to do for it. */
  isReady(buffer: Pointer): boolean {
    const event = this.readyEvent(buffer);
    try {
      return event === NULL || this.plugin.isReady(event);
    } finally {
      if (event !== NULL) this.plugin.free('Event_Destroy', event);
    }
  }

  /**
   * Copies an array to a device.
   *
   * @throws {RangeError} when the array does not have the shape's number of elements: the plugin would read beside it.
   */
  put(data: Data, shape: readonly number[], dtype: DType, device: Device): Pointer {
    if (data.byteLength !== sizeOf(shape) * BYTES[dtype])
      throw new RangeError(
        `xla: expected ${sizeOf(shape)} elements of ${dtype} for shape [${shape}], got ${data.byteLength} bytes. Report it.`,
      );
    const args = new Struct()
      // An array without elements has no address, and plugins want one.
      .pointer(24, data.byteLength === 0 ? new Uint8Array(8) : data)
      .pointer(16, this.handle)
      .int32(32, ELEMENT_TYPE[dtype])
      .longs(40, shape.length === 0 ? [0] : shape)
      .size(48, shape.length)
      .int32(72, COPIED_DURING_CALL)
      .pointer(80, device.handle);
    const made = this.plugin.call('Client_BufferFromHostBuffer', args);
    const event = made.pointerAt(104);
    if (event !== NULL) this.plugin.free('Event_Destroy', event);
    this.buffers++;
    return made.pointerAt(112);
  }

  /** Begins to copy a buffer to an array; the event says when it is there. The array must stay until then. */
  get(buffer: Pointer, target: Data, shape: readonly number[]): Pointer {
    const rank = shape.length;
    // Row-major, whatever order the device has.
    const minorToMajor = BigInt64Array.from({ length: Math.max(1, rank) }, (_, i) => BigInt(Math.max(0, rank - 1 - i)));
    const layout = new Struct(84).size(16, 56).pointer(32, minorToMajor).size(40, rank);
    const args = new Struct().pointer(16, buffer).pointer(24, layout).pointer(32, target).size(40, target.byteLength);
    return this.plugin.call('Buffer_ToHostBuffer', args).pointerAt(48);
  }

  /** An event that happens when a buffer has its values. */
  readyEvent(buffer: Pointer): Pointer {
    return this.plugin.call('Buffer_ReadyEvent', new Struct().pointer(16, buffer)).pointerAt(24);
  }

  /** Where a buffer lies on a device; for tests. */
  addressOf(buffer: Pointer): Pointer {
    return this.plugin.call('Buffer_UnsafePointer', new Struct().pointer(16, buffer)).pointerAt(24);
  }

  free(buffer: Pointer): void {
    this.plugin.free('Buffer_Destroy', buffer);
    this.buffers--;
  }

  /**
   * Compiles a module in StableHLO's text, or loads what an earlier process compiled of it.
   *
   * @throws {XlaError} with the compiler's words.
   */
  compile(module: string, options: BuildOptions = {}): Loaded {
    const encoded = encodeCompileOptions(options);
    const key = this.cache && keyOf([...this.identity, module, encoded]);
    const found = key === undefined ? undefined : this.loadCached(key);
    if (found !== undefined) return found;
    const [code, format] = [Buffer.from(module), Buffer.from('mlir')];
    const program = new Struct().span(16, code).span(32, format);
    const args = new Struct().pointer(16, this.handle).pointer(24, program).span(32, encoded);
    const handle = this.plugin.call('Client_Compile', args).pointerAt(48);
    this.compiled++;
    const loaded = new Loaded(this, handle);
    const bytes = key === undefined ? undefined : loaded.serialize();
    if (key !== undefined && bytes !== undefined) this.cache?.store(key, bytes);
    return loaded;
  }

  private loadCached(key: string): Loaded | undefined {
    const bytes = this.cache?.load(key);
    if (bytes === undefined) return undefined;
    try {
      const args = new Struct().pointer(16, this.handle).span(24, bytes);
      return new Loaded(this, this.plugin.call('Executable_DeserializeAndLoad', args).pointerAt(40));
    } catch (error) {
      this.cache?.refuse(key, (error as Error).message);
      return undefined;
    }
  }

  /** Settings that a plugin tells of; for `info`. */
  attributes(): Record<string, unknown> {
    const made = this.plugin.call('Plugin_Attributes', new Struct());
    return readNamedValues(made.pointerAt(16), made.sizeAt(24));
  }
}

/** A compiled module on its device. */
export class Loaded {
  private readonly client: Client;
  private readonly handle: Pointer;
  private readonly outputs: number;

  constructor(client: Client, handle: Pointer) {
    this.client = client;
    this.handle = handle;
    const { plugin } = client;
    const executable = plugin.call('LoadedExecutable_GetExecutable', new Struct().pointer(16, handle)).pointerAt(24);
    this.outputs = plugin.call('Executable_NumOutputs', new Struct().pointer(16, executable)).sizeAt(24);
    plugin.free('Executable_Destroy', executable);
    client.executables++;
  }

  /** What another process may load; undefined where the plugin cannot. */
  serialize(): Uint8Array | undefined {
    const { plugin } = this.client;
    const args = new Struct().pointer(16, this.handle);
    const executable = plugin.call('LoadedExecutable_GetExecutable', args).pointerAt(24);
    try {
      const made = plugin.call('Executable_Serialize', new Struct().pointer(16, executable));
      const bytes = bytesOf(made.pointerAt(24), made.sizeAt(32));
      plugin.release(made.pointerAt(48), made.pointerAt(40));
      return bytes;
    } catch {
      return undefined;
    } finally {
      plugin.free('Executable_Destroy', executable);
    }
  }

  /**
   * Runs it; returns before the devices are done.
   *
   * @param inputs - for each device, buffers with the shapes and types that the module has there, which nothing checks here.
   * @param kept - positions of inputs that the call must not consume although the module says that it may.
   * @returns for each device, buffers, one per output.
   */
  execute(inputs: readonly (readonly Pointer[])[], kept: readonly number[] = []): Pointer[][] {
    const given = inputs.map((list) => BigUint64Array.from(list.length === 0 ? [NULL] : list));
    const made = inputs.map(() => new BigUint64Array(Math.max(1, this.outputs)));
    const options = new Struct().longs(56, kept.length === 0 ? [0] : kept).size(64, kept.length);
    const args = new Struct()
      .pointer(16, this.handle)
      .pointer(24, options)
      .pointer(32, BigUint64Array.from(given, addressOf))
      .size(40, inputs.length)
      .size(48, inputs[0]?.length ?? 0)
      .pointer(56, BigUint64Array.from(made, addressOf));
    this.client.plugin.call('LoadedExecutable_Execute', args);
    // What the lists point to must have lived until here.
    void given.length;
    this.client.buffers += this.outputs * inputs.length;
    return made.map((list) => [...list].slice(0, this.outputs));
  }

  dispose(): void {
    this.client.plugin.free('LoadedExecutable_Destroy', this.handle);
    this.client.executables--;
  }
}

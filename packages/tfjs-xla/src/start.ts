import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { known } from '@edm2/options';
import { at, type CompileOptions, checkNode, type Engine, type Graph, registerEngine } from '@edm2/tfjs-jit/graph';
import { registerBackend, type TensorInfo } from '@tensorflow/tfjs-core';
import { XlaBackend } from './backend/backend.js';
import { registerKernels } from './backend/kernels.js';
import { BACKEND } from './backend/name.js';
import { type ExecutableCache, openCache } from './engine/cache.js';
import { compile, type XlaExecutable } from './engine/executable.js';
import type { Sharding } from './engine/sharding.js';
import { arrange, lowerToStableHlo } from './lower-to-stablehlo.js';
import { Client, type DeviceMemory } from './native/client.js';
import type { NamedValue } from './native/named-values.js';
import { Plugin, XlaError } from './native/plugin.js';
import { cacheFolder } from './plugins/folders.js';
import { type FoundPlugin, findPlugins, KINDS, type Kind } from './plugins/locate.js';
import { giveTools } from './tools.js';

/** Options of `startXla`. */
export interface XlaOptions {
  /** Path of a PJRT plugin, or the kind of one that is here (`'cpu'`, `'cuda13'`, …); default: the first that `findPlugins` gives. */
  readonly plugin?: string;
  /**
   * How many of the plugin's devices, or which ones, counted from 0; default: the first. Tensors lie on the first of them, and what
   * `sharded` compiles runs on all. A CPU counts as so many as are asked for.
   */
  readonly devices?: number | readonly number[];
  /**
   * Arithmetic of float32 convolutions and matrix products: `'float32'` (default) keeps every digit, `'tf32'` lets tensor cores
   * round the operands to 11 bits. A CPU has no such cores.
   */
  readonly precision?: 'float32' | 'tf32';
  /** Share of a GPU's memory in (0, 1] that XLA sets aside at the start; default: it grows as it is needed. */
  readonly memory?: number;
  /**
   * Folder where compiled functions are kept for the next process, at most 1 GiB of them; false: nowhere. Default: `executables` beside
   * what the command installs.
   */
  readonly cache?: string | false;
  /** Hears of a cache that cannot be used; default: `console.warn`. */
  readonly warn?: (message: string) => void;
}

/** The engine, and what it runs on. */
export interface XlaEngine extends Engine {
  /** Of the plugin's C API. */
  readonly version: string;
  /** Such as `cpu` or `cuda`. */
  readonly platform: string;
  /** Kind of the device, such as `NVIDIA H100 80GB HBM3`. */
  readonly device: string;
  readonly plugin: FoundPlugin;
  /** Memory of the device, where the plugin tells: a CPU's does not. */
  memory(): DeviceMemory | undefined;
  /** Whether a tensor of this backend has its values: false while the device works on them. */
  isReady(tensor: TensorInfo): boolean;
  /** Number of devices that were asked for. */
  readonly devices: number;
  /**
   * The same engine over all devices, to be given to `jit`: a function that is written for the whole batch runs on a part of it on each,
   * and what is summed over the batch is summed over the devices. State that is whole stays equal on all, to the bit.
   *
   * @throws {RangeError} (the compiled function, at its first call) for an axis that does not divide.
   */
  sharded(sharding: Sharding): Engine;
}

let started: { readonly engine: XlaEngine; readonly settings: string } | undefined;

const SHARDING = { arguments: true, results: true } as const;
const OPTIONS = { plugin: true, devices: true, precision: true, memory: true, cache: true, warn: true } as const;

// biome-ignore lint/suspicious/noConsole: the default of an option; a cache in vain must not stay silent
const warnOnConsole = (message: string): void => console.warn(message);

/** Flags of XLA that make it compute what TensorFlow.js defines. */
const FLAGS = { xla_allow_excess_precision: false } as const;
/** Platforms whose convolutions come from libraries. */
const GPUS: ReadonlySet<string> = new Set(['cuda', 'rocm']);
/** On a CPU the quick ones lose NaN. */
const CPU_FLAGS = { ...FLAGS, xla_cpu_enable_fast_min_max: false } as const;

/**
 * Starts XLA: registers the TensorFlow.js backend `'xla'`, without making it the current one, and the engine that `jit` uses
 * while it is. One process has one; the same options again give the same engine.
 *
 * @throws {RangeError} (rejects) for options out of range, and for other options than the first time.
 * @throws {Error} (rejects) when no plugin is here, it does not open, or no device answers.
 */
export async function startXla(options: XlaOptions = {}): Promise<XlaEngine> {
  checkNode();
  const {
    plugin,
    devices: asked = 1,
    precision = 'float32',
    memory,
    cache = join(cacheFolder(), 'executables'),
    warn = warnOnConsole,
  } = known('startXla', options, OPTIONS);
  if (precision !== 'float32' && precision !== 'tf32')
    throw new RangeError(
      `startXla: expected precision to be float32 or tf32, got ${precision}. Leave it out for float32.`,
    );
  if (memory !== undefined && !(memory > 0 && memory <= 1))
    throw new RangeError(
      `startXla: expected memory to be a share in (0, 1], got ${memory}. Leave it out to take memory as needed.`,
    );
  const devices = typeof asked === 'number' ? Array.from({ length: asked }, (_, i) => i) : [...asked];
  if (
    devices.length === 0 ||
    new Set(devices).size < devices.length ||
    devices.some((i) => !Number.isInteger(i) || i < 0)
  )
    throw new RangeError(
      `startXla: expected devices to be a number of them, or different ones counted from 0, got ${JSON.stringify(asked)}. Leave it out for the first.`,
    );
  const found = choose(plugin);
  const settings = JSON.stringify({ file: found.file, devices, precision, memory, cache });
  if (started !== undefined) {
    if (started.settings === settings) return started.engine;
    throw new RangeError(
      `startXla: expected the options of the first start in this process, ${started.settings}, got ${settings}. A plugin keeps its devices: start another process.`,
    );
  }
  const kept = cache === false ? undefined : openCache(cache, warn);
  const engine = start(found, devices, { tf32: precision === 'tf32', memory, cache: kept });
  started = { engine, settings };
  return engine;
}

interface Settings {
  readonly tf32: boolean;
  readonly memory: number | undefined;
  readonly cache: ExecutableCache | undefined;
}

function start(found: FoundPlugin, indices: readonly number[], { tf32, memory, cache }: Settings): XlaEngine {
  giveTools(found);
  const opened = Plugin.open(found.file);
  const client = connect(opened, found, { memory, devices: Math.max(...indices) + 1 });
  client.cache = cache;
  const devices = indices.map((index) => {
    const device = client.devices[index];
    if (device === undefined)
      throw new RangeError(
        `startXla: expected a device ${index}, got ${client.devices.length} from ${found.file}. Count from 0.`,
      );
    return device;
  });
  const device = at(devices, 0);
  const backend = new XlaBackend(client, devices);
  const gradientsInRows = GPUS.has(client.platform);
  const loading =
    (sharding?: Sharding) =>
    (graph: Graph, given: CompileOptions): XlaExecutable => {
      const spread = sharding && { ...sharding, devices: devices.length };
      return compile(lowerToStableHlo(graph, given, { tf32, gradientsInRows, sharding: spread }), backend, {
        flags: client.platform === 'cpu' ? CPU_FLAGS : FLAGS,
      });
    };
  const load = loading();
  registerBackend(BACKEND, () => backend, 3);
  registerKernels((graph) => load(graph, { state: [], donated: new Set(), precision: 'float32' }));
  const { major, minor } = opened.version;
  const engine: XlaEngine = {
    name: 'xla',
    backend: BACKEND,
    precisions: ['float32', 'bfloat16', 'float16'],
    version: `${major}.${minor}`,
    platform: client.platform,
    device: device.kind,
    plugin: found,
    memory: () => client.memoryOf(device),
    isReady: (tensor) => client.isReady(backend.bufferOf(tensor)),
    devices: devices.length,
    compile: load,
    sharded: (sharding) => ({ ...engine, compile: loading(known('sharded', sharding, SHARDING)) }),
    plan: (graph, given) => ({ graph: arrange(graph, given) }),
  };
  registerEngine(BACKEND, engine);
  return engine;
}

/** @throws {Error} when no plugin is here, or none of the kind. */
function choose(plugin: string | undefined): FoundPlugin {
  const kind = KINDS.find((name): name is Kind => name === plugin);
  const all = findPlugins(kind === undefined ? { plugin } : {});
  const [first] = kind === undefined ? all : all.filter((found) => found.kind === kind);
  if (first === undefined) {
    const what = kind === undefined ? 'a PJRT plugin' : `a PJRT plugin for ${kind}`;
    throw new Error(
      `startXla: expected ${what}, got none. Run: npx tfjs-xla install${kind === undefined ? '' : ` --${kind}`}`,
    );
  }
  if (!existsSync(first.file))
    throw new Error(
      `startXla: expected a PJRT plugin at ${first.file} (${first.from}), got no such file. Run npx tfjs-xla info to see what is here.`,
    );
  return first;
}

/** What absl says where something that must be there is not. */
const FAILED_PRECONDITION = 9;

/** @throws {Error} when no device of the plugin's kind answers. */
function connect(plugin: Plugin, found: FoundPlugin, settings: ClientSettings): Client {
  try {
    return new Client(plugin, settingsOf(found, settings));
  } catch (cause) {
    if (!(cause instanceof XlaError)) throw cause;
    const cure =
      cause.code === FAILED_PRECONDITION || /driver|visible/i.test(cause.said)
        ? 'Look whether its driver is there and new enough (for NVIDIA: nvidia-smi; CUDA 13 needs driver 580) and what hides devices (CUDA_VISIBLE_DEVICES).'
        : 'Run npx tfjs-xla info to see what is missing.';
    throw new Error(
      `startXla: expected a device for ${found.file}, got none: ${cause.said.trim().replace(/\.+$/, '')}. ${cure} On a CPU: { plugin: 'cpu' }, PJRT_PLUGIN_LIBRARY_PATH.`,
      { cause },
    );
  }
}

/** What a plugin's client is made for. */
interface ClientSettings {
  readonly memory: number | undefined;
  /** Devices that must be there. */
  readonly devices: number;
}

/** Settings that a plugin's client is made with: those of GPUs are unknown to a CPU, which has as many devices as it is told. */
function settingsOf({ kind }: FoundPlugin, { memory, devices }: ClientSettings): Record<string, NamedValue> {
  if (kind === 'cpu') return devices > 1 ? { cpu_device_count: BigInt(devices) } : {};
  if (kind === undefined || kind === 'tpu') return {};
  return memory === undefined ? { preallocate: false } : { preallocate: true, memory_fraction: memory };
}

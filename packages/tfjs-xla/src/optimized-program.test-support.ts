import { type Engine, jit } from '@edm2/tfjs-jit';
import { lowerToStableHlo } from './lower-to-stablehlo.js';
import { compileAheadOfTime } from './native/ahead-of-time.js';
import { Plugin } from './native/plugin.js';
import { findPlugins } from './plugins/locate.js';
import { giveTools } from './tools.js';

/** The plugin that compiles for NVIDIA's GPUs, with or without one; undefined where it is not installed. */
const CUDA = findPlugins().find(({ kind }) => kind === 'cuda13');

/** What tests of it are called. */
export const IF_CUDA = CUDA === undefined ? 'skipped: not installed: npx tfjs-xla install --cuda13' : 'present';
export const HAS_CUDA = CUDA !== undefined;

/** What an H100 tells of itself. */
const H100 = `gpu_device_info { threads_per_block_limit: 1024 threads_per_warp: 32 shared_memory_per_block: 49152
  shared_memory_per_core: 233472 threads_per_core_limit: 2048 core_count: 132 fpus_per_core: 128 block_dim_limit_x: 2147483647
  block_dim_limit_y: 65535 block_dim_limit_z: 65535 memory_bandwidth: 3352320000000 l2_cache_size: 52428800 clock_rate_ghz: 1.98
  device_memory_size: 84978434048 shared_memory_per_block_optin: 232448 cuda_compute_capability { major: 9 }
  registers_per_core_limit: 65536 registers_per_block_limit: 65536 } runtime_version { major: 13 minor: 0 } platform_name: "CUDA"
  dnn_version_info { major: 9 minor: 12 } device_description_str: "NVIDIA H100 80GB HBM3"`;

/** How a function is compiled for a device that is not here. */
export interface CompiledFor {
  readonly precision?: 'float32' | 'bfloat16';
  /** Positions of arguments whose memory becomes results'. */
  readonly donate?: readonly number[];
}

/** The optimized program of one call of a function on an H100. */
export function compiledForH100<Args extends readonly unknown[]>(
  fn: (...args: Args) => unknown,
  args: Args,
  { precision = 'float32', donate = [] }: CompiledFor = {},
): OptimizedProgram {
  if (CUDA === undefined) throw new Error('compiledForH100: expected a plugin, got none.');
  let text = '';
  const engine: Engine = {
    name: 'recorder',
    backend: 'cpu',
    precisions: ['float32', 'bfloat16'],
    compile(graph, options) {
      text = lowerToStableHlo(graph, options, { gradientsInRows: true }).text;
      throw new Error('recorded');
    },
  };
  try {
    jit(fn as (...given: never[]) => unknown, { engine, precision, donate })(...(args as unknown as never[]));
  } catch (error) {
    if ((error as Error).message !== 'recorded') throw error;
  }
  // Without a device nothing can be timed: XLA takes its defaults.
  process.env['XLA_FLAGS'] ??= '--xla_gpu_autotune_level=0';
  giveTools(CUDA);
  return readProgram(compileAheadOfTime(Plugin.open(CUDA.file), H100, text));
}

/** Library calls whose name says that they are of cuDNN's convolutions, by kind: `Forward`, `BackwardInput`, `BackwardFilter`. */
export const convolutionsOf = ({ instructions }: OptimizedProgram): ReadonlyMap<string, readonly Instruction[]> =>
  new Map(
    ['Forward', 'BackwardInput', 'BackwardFilter'].map((kind) => [
      kind,
      instructions.filter(({ target }) => target.startsWith('__cudnn$conv') && target.includes(kind)),
    ]),
  );

/** One instruction of a compiled program. */
export interface Instruction {
  readonly name: string;
  readonly opcode: string;
  /** Element type of its result, of the first where there are several: `f32`, `bf16`, … */
  readonly type: string;
  readonly dims: readonly number[];
  /** Axes from the one that is dense to the one of the largest steps. */
  readonly layout: readonly number[];
  /** What it calls: a library's function. */
  readonly target: string;
  readonly operands: readonly Instruction[];
}

/** A compiled program as tests look at it. */
export interface OptimizedProgram {
  /** Of all computations. */
  readonly instructions: readonly Instruction[];
  /** Of the one that is called. */
  readonly entry: readonly Instruction[];
  /** Parameters whose memory becomes a result's. */
  readonly aliased: readonly number[];
  /** The program's parameters, by number. */
  readonly parameters: ReadonlyMap<Instruction, number>;
}

type Field = number | Uint8Array;
type Message = ReadonlyMap<number, readonly Field[]>;

/** Reads a protocol buffer from its beginning. */
function cursor(bytes: Uint8Array) {
  let at = 0;
  return {
    isDone: () => at >= bytes.length,
    varint(): number {
      let value = 0;
      for (let scale = 1; ; scale *= 128) {
        const byte = bytes[at++] as number;
        value += (byte & 127) * scale;
        if (byte < 128) return value;
      }
    },
    take(count: number): Uint8Array {
      at += count;
      return bytes.subarray(at - count, at);
    },
  };
}

/** A message's fields, without knowing what they are. */
function read(bytes: Uint8Array): Message {
  const fields = new Map<number, Field[]>();
  const { isDone, varint, take } = cursor(bytes);
  while (!isDone()) {
    const tag = varint();
    const kind = tag & 7;
    const value = kind === 0 ? varint() : take(kind === 1 ? 8 : kind === 5 ? 4 : varint());
    const list = fields.get(tag >>> 3) ?? [];
    list.push(value);
    fields.set(tag >>> 3, list);
  }
  return fields;
}

const all = (message: Message, field: number): Message[] =>
  (message.get(field) ?? []).map((value) => read(value as Uint8Array));
const text = (message: Message, field: number): string =>
  Buffer.from((message.get(field)?.[0] as Uint8Array | undefined) ?? []).toString('latin1');
const count = (message: Message, field: number): number => (message.get(field)?.[0] as number | undefined) ?? 0;

/** Numbers, packed or one by one. */
const numbers = (message: Message, field: number): number[] =>
  (message.get(field) ?? []).flatMap((value) => {
    if (typeof value === 'number') return [value];
    const made: number[] = [];
    const { isDone, varint } = cursor(value);
    while (!isDone()) made.push(varint());
    return made;
  });

/** XLA's numbers for element types. */
const TYPES: Readonly<Record<number, string>> = {
  1: 'pred',
  4: 's32',
  6: 'u8',
  10: 'f16',
  11: 'f32',
  12: 'f64',
  13: 'tuple',
  16: 'bf16',
};

/** Reads what `compileAheadOfTime` returns: XLA's `HloModuleProtoWithConfig`. */
function readProgram(serialized: string): OptimizedProgram {
  const [module] = all(read(Buffer.from(serialized, 'latin1')), 1);
  if (module === undefined) throw new Error('readProgram: expected a module, got none.');
  const byId = new Map<number, Instruction>();
  const computations = all(module, 3).map((computation) => {
    const made = all(computation, 2).map((proto) => {
      const shape = all(proto, 3)[0] ?? new Map();
      const leaf = count(shape, 2) === 13 ? (all(shape, 4)[0] ?? new Map()) : shape;
      const operands: Instruction[] = [];
      const instruction = {
        name: text(proto, 1),
        opcode: text(proto, 2),
        type: TYPES[count(leaf, 2)] ?? String(count(leaf, 2)),
        dims: numbers(leaf, 3),
        layout: numbers(all(leaf, 5)[0] ?? new Map(), 1),
        target: text(proto, 28),
        operands,
      };
      byId.set(count(proto, 35), instruction);
      return { instruction, operands, ids: numbers(proto, 36), parameter: count(proto, 9) };
    });
    return { id: count(computation, 5), made };
  });
  for (const { made } of computations)
    for (const { operands, ids } of made)
      operands.push(...ids.map((id) => byId.get(id)).filter((found) => found !== undefined));
  const entry = computations.find(({ id }) => id === count(module, 6))?.made ?? [];
  const aliases = all(module, 8).flatMap((alias) => all(alias, 1));
  return {
    instructions: computations.flatMap(({ made }) => made.map(({ instruction }) => instruction)),
    entry: entry.map(({ instruction }) => instruction),
    aliased: aliases.map((alias) => count(alias, 2)),
    parameters: new Map(
      entry
        .filter(({ instruction }) => instruction.opcode === 'parameter')
        .map((each) => [each.instruction, each.parameter]),
    ),
  };
}

/** What an instruction sees, through those that move nothing. */
const sourceOf = (instruction: Instruction): Instruction => {
  const [first] = instruction.operands;
  return first !== undefined && ['bitcast', 'get-tuple-element', 'reshape'].includes(instruction.opcode)
    ? sourceOf(first)
    : instruction;
};

/** Arguments that are copied as they are, scalars left out: a donated one would be copied to be written over. Changes of layout are no such copies. */
export const copiedArguments = ({ entry, parameters }: OptimizedProgram): number[] =>
  entry
    .filter(({ opcode, dims }) => opcode.startsWith('copy') && dims.length > 0)
    .flatMap((copy) => {
      const source = copy.operands[0] && sourceOf(copy.operands[0]);
      if (source === undefined) return [];
      const number = parameters.get(source);
      return number !== undefined && String(source.layout) === String(copy.layout) ? [number] : [];
    });

import { keepOpen } from '@edm2/native/keep-open';
import { hasWideStacks, koffi } from '@edm2/native/koffi';
import { FUNCTIONS, type FunctionName } from './functions.js';
import { readNamedValues } from './named-values.js';
import { NULL, type Pointer, Struct } from './struct.js';

/** PJRT's C API that is spoken here: plugins of one major version keep what they have and add to it. */
const API = { major: 0, leastMinor: 100 } as const;

/** Where the table of functions begins; each has 8 bytes. */
const TABLE = 40;
const MAJOR_AT = 32;
const MINOR_AT = 36;

/** A function of PJRT: takes the address of its arguments, gives an error or null. */
type Native = (args: Buffer) => Pointer | null;

/** What a plugin refused, in its words. */
export class XlaError extends Error {
  override readonly name = 'XlaError';
  /** Code of absl: 3 invalid argument, 8 out of memory, 9 a precondition, 12 not implemented, 13 internal. */
  readonly code: number;
  /** PJRT's function. */
  readonly call: string;
  /** The plugin's own words. */
  readonly said: string;

  constructor(call: string, code: number, said: string) {
    super(`xla: expected ${call} to succeed, got error ${code}: ${said.trim()}`);
    this.code = code;
    this.call = call;
    this.said = said;
  }
}

/** What absl says where memory ends. */
const RESOURCE_EXHAUSTED = 8;
/** How a call begins that was given what an earlier one failed to make: its words follow, under code 13. */
const PASSED_ON = /Error dispatching computation: .*out of memory/is;

const isOutOfMemory = (code: number, said: string): boolean => code === RESOURCE_EXHAUSTED || PASSED_ON.test(said);

/**
 * A device, or the compiler, has no memory left. What a refused call was given is as it was. A call that fails on its way is told of
 * where its results are waited for (`call` is then `Event_Await`): what was donated to it is gone.
 */
export class XlaOutOfMemoryError extends XlaError {
  readonly reason = 'OUT_OF_MEMORY';
  /** Bytes that were asked for at last, where the plugin tells. */
  readonly requested: number | undefined;

  constructor(call: string, said: string) {
    super(call, RESOURCE_EXHAUSTED, said);
    this.message += ' The device has no more memory: take fewer images at once.';
    this.requested = requestedIn(said);
  }
}

const UNITS: Readonly<Record<string, number>> = { '': 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

/** `… trying to allocate 1.50GiB`, `… allocate 1610612736 bytes`. */
export function requestedIn(said: string): number | undefined {
  const [, digits, unit = ''] = /allocat\w* (?:of )?([\d.]+) ?(Ki|Mi|Gi|Ti)?B/i.exec(said) ?? [];
  return digits === undefined ? undefined : Number(digits) * (UNITS[unit] ?? 1);
}

/** A PJRT plugin: one compiler for one kind of device, in a shared library. */
export class Plugin {
  readonly file: string;
  readonly version: { readonly major: number; readonly minor: number };
  private readonly functions = new Map<FunctionName, Native>();

  private constructor(file: string) {
    this.file = file;
    if (!hasWideStacks)
      throw new Error(
        'startXla: expected to open the first native library of this process through koffi, got one that is open already, with a stack too small for a compiler. Start XLA before it.',
      );
    const failed = keepOpen(file);
    if (failed !== undefined) throw notAPlugin(file, failed);
    const table = getApi(file);
    const bytes = Number(koffi.decode(table, 'uint64_t'));
    this.version = { major: koffi.decode(table, MAJOR_AT, 'int'), minor: koffi.decode(table, MINOR_AT, 'int') };
    checkVersion(file, this.version);
    const prototype = FUNCTION;
    FUNCTIONS.forEach((name, i) => {
      const offset = TABLE + 8 * i;
      const address = offset + 8 <= bytes ? koffi.decode(table, offset, 'void *') : null;
      if (address) this.functions.set(name, koffi.decode(address, prototype));
    });
    this.call('Plugin_Initialize', new Struct());
  }

  private static readonly opened = new Map<string, Plugin>();

  /**
   * Opens a plugin, once in a process.
   *
   * @throws {Error} when the file is no plugin, or speaks another version of the C API.
   */
  static open(file: string): Plugin {
    const known = Plugin.opened.get(file) ?? new Plugin(file);
    Plugin.opened.set(file, known);
    return known;
  }

  /**
   * Calls a function.
   *
   * @returns its arguments, where it leaves its results.
   * @throws {XlaError} with what the plugin says.
   */
  call(name: FunctionName, args: Struct): Struct {
    const native = this.functions.get(name);
    if (native === undefined)
      throw new Error(
        `xla: expected the plugin to have ${name}, got C API ${this.version.major}.${this.version.minor} without it: ${this.file}. Install another plugin: npx tfjs-xla install`,
      );
    const error = native(args.bytes);
    if (error) throw this.errorOf(name, error);
    return args;
  }

  /** The error that an address stands for, which is freed. */
  errorOf(name: string, error: Pointer): XlaError {
    const message = new Struct().pointer(16, error);
    this.functions.get('Error_Message')?.(message.bytes);
    const code = new Struct().pointer(16, error);
    this.functions.get('Error_GetCode')?.(code.bytes);
    const said = message.textAt(24);
    const number = code.int32At(24);
    const made = isOutOfMemory(number, said) ? new XlaOutOfMemoryError(name, said) : new XlaError(name, number, said);
    this.functions.get('Error_Destroy')?.(new Struct().pointer(16, error).bytes);
    return made;
  }

  /** What the plugin says of itself, such as `stablehlo_current_version`. */
  attributes(): Record<string, unknown> {
    const made = this.call('Plugin_Attributes', new Struct());
    return readNamedValues(made.pointerAt(16), made.sizeAt(24));
  }

  /** Waits until an event has happened, and frees it. */
  await(event: Pointer): void {
    if (event === NULL) return;
    try {
      this.call('Event_Await', new Struct().pointer(16, event));
    } finally {
      this.free('Event_Destroy', event);
    }
  }

  /**
   * As `await`, while the event loop goes on. The plugin is asked from time to time: a callback of its own would hold one of its
   * threads until JavaScript has time for it, and JavaScript may be waiting for that thread.
   */
  async settle(event: Pointer): Promise<void> {
    if (event === NULL) return;
    for (let turn = 0; !this.isReady(event); turn++) await pause(turn);
    this.await(event);
  }

  /** Whether an event has happened; it stays. */
  isReady(event: Pointer): boolean {
    return this.call('Event_IsReady', new Struct().pointer(16, event)).bytes[24] !== 0;
  }

  /** Calls a function that the plugin gave for freeing something of its own. */
  release(deleter: Pointer, handle: Pointer): void {
    if (deleter !== NULL) (koffi.decode(deleter, DELETER) as (handle: Pointer) => void)(handle);
  }

  /** Calls a function that frees what it is given. */
  free(name: FunctionName, handle: Pointer): void {
    this.call(name, new Struct().pointer(16, handle));
  }
}

const DELETER = koffi.proto('void EDM2_PJRT_Deleter(void *handle)');
const FUNCTION = koffi.proto('void *EDM2_PJRT_Function(void *args)');

/** Turns of the event loop that are polled without a pause, and the longest pause in milliseconds. */
const EAGER_TURNS = 20;
const MAX_PAUSE = 4;

const pause = (turn: number): Promise<void> =>
  new Promise((resolve) => {
    if (turn < EAGER_TURNS) setImmediate(resolve);
    else setTimeout(resolve, Math.min(MAX_PAUSE, 1 + (turn - EAGER_TURNS) / 50));
  });

function getApi(file: string): Pointer {
  try {
    const api = koffi.load(file).func('void *GetPjrtApi()')() as Pointer | null;
    if (api) return api;
  } catch (cause) {
    throw notAPlugin(file, (cause as Error).message);
  }
  throw notAPlugin(file, 'it has no table of functions');
}

const notAPlugin = (file: string, got: string): Error =>
  new Error(
    `startXla: expected ${file} to be a PJRT plugin for this machine, got: ${got}. Run npx tfjs-xla info to see what is here, or install one: npx tfjs-xla install`,
  );

/** @throws {Error} for a C API that is too old or of another major version. */
export function checkVersion(file: string, { major, minor }: { major: number; minor: number }): void {
  if (major === API.major && minor >= API.leastMinor) return;
  throw new Error(
    `startXla: expected a plugin of PJRT C API ${API.major}.${API.leastMinor} or newer, got ${major}.${minor}: ${file}. Install one that fits: npx tfjs-xla install`,
  );
}

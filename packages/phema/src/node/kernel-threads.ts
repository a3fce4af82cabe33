import { Worker } from 'node:worker_threads';

/** What this package needs of WebAssembly, which TypeScript declares for browsers only. */
interface WebAssemblyParts {
  readonly Memory: new (descriptor: { initial: number; maximum: number; shared: true }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

/** Linear memory that kernels work in, on any thread. */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
}

const wasm = (globalThis as unknown as { WebAssembly: WebAssemblyParts }).WebAssembly;

/** Bytes of a page of linear memory. */
const PAGE = 65_536;

/** Bytes of a file that go into memory: descriptor, first byte of the file, first byte of memory, how many. */
export type KernelRead = readonly [fd: number, position: number, at: number, length: number];

/** A kernel's name and arguments. */
export type KernelCall = readonly [kernel: string, args: readonly number[]];

/** Memory for kernels, and threads that run them in it. */
export interface KernelThreads {
  readonly memory: WasmMemory;
  /** Whether there are threads; without them kernels run where they are called, and reads are the caller's. */
  readonly reads: boolean;
  /**
   * Reads, then runs kernels, on a thread; what is given to one thread is done in the order given.
   *
   * @throws {Error} (rejects) when a file cannot be read or ends too early.
   */
  run(thread: number, reads: readonly KernelRead[], calls: readonly KernelCall[]): Promise<void>;
  /** Ends the threads. */
  close(): Promise<void>;
}

/** Source of a thread: does what it is told, and answers with nothing or an error. As text, so that no file must be found beside a bundle. */
const THREAD = `
const { readSync } = require('node:fs');
const { parentPort, workerData: { module, memory } } = require('node:worker_threads');
const { exports } = new WebAssembly.Instance(module, { host: { memory } });
const bytes = new Uint8Array(memory.buffer);
function work(reads, calls) {
  for (const [fd, position, at, length] of reads)
    for (let done = 0; done < length; ) {
      const more = readSync(fd, bytes, at + done, length - done, position + done);
      if (more === 0) throw new Error('a file became shorter while it was open');
      done += more;
    }
  for (const [kernel, args] of calls) exports[kernel](...args);
}
parentPort.on('message', ([reads, calls]) => {
  try {
    work(reads, calls);
    parentPort.postMessage(undefined);
  } catch (error) {
    parentPort.postMessage(error);
  }
});`;

/**
 * @param bytes - memory wanted.
 * @param moduleOf - the module's bytes, given the most pages of its memory.
 * @param threads - 0 for none; also none where the process may not start threads.
 */
export function startKernelThreads(
  bytes: number,
  moduleOf: (pages: number) => Uint8Array,
  threads: number,
): KernelThreads {
  const pages = Math.ceil(bytes / PAGE);
  const memory = new wasm.Memory({ initial: pages, maximum: pages, shared: true });
  const module = new wasm.Module(moduleOf(pages));
  const lanes = startLanes({ module, memory }, threads);
  if (lanes.length > 0)
    return {
      memory,
      reads: true,
      run: (thread, reads, calls) => (lanes[thread % lanes.length] as Lane).run(reads, calls),
      close: async () => void (await Promise.all(lanes.map((lane) => lane.close()))),
    };
  const { exports } = new wasm.Instance(module, { host: { memory } });
  const kernels = exports as Record<string, (...args: number[]) => void>;
  return {
    memory,
    reads: false,
    run: async (_thread, _reads, calls) => {
      for (const [kernel, args] of calls) kernels[kernel]?.(...args);
    },
    close: async () => undefined,
  };
}

interface Lane {
  run(reads: readonly KernelRead[], calls: readonly KernelCall[]): Promise<void>;
  close(): Promise<unknown>;
}

function startLanes(workerData: { module: object; memory: WasmMemory }, threads: number): Lane[] {
  const lanes: Lane[] = [];
  try {
    // Without the process's own flags, some of which change how text is read.
    while (lanes.length < threads) lanes.push(laneOf(new Worker(THREAD, { eval: true, execArgv: [], workerData })));
  } catch {
    // Not permitted (`--permission`): the caller's thread does it all.
    for (const lane of lanes.splice(0)) void lane.close();
  }
  return lanes;
}

function laneOf(worker: Worker): Lane {
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  let failure: Error | undefined;
  worker.on('message', (error: Error | undefined) => {
    const call = waiting.shift();
    if (error) call?.reject(error);
    else call?.resolve();
  });
  const fail = (error: Error) => {
    failure = error;
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  worker.on('error', fail);
  worker.on('exit', () => fail(failure ?? new Error('the thread has ended')));
  return {
    run: (reads, calls) =>
      new Promise((resolve, reject) => {
        if (failure) return reject(failure);
        waiting.push({ resolve, reject });
        worker.postMessage([reads, calls]);
      }),
    close: () => worker.terminate(),
  };
}

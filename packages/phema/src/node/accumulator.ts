import { availableParallelism } from 'node:os';
import { kernelArguments, kernelModule, kernelName, MAX_SUMS } from './accumulate-kernels.js';
import { type EncodedDtype, encodeName } from './encode-kernels.js';
import { type FloatDtype, floatBytes } from './float-type.js';
import { HALF_SCALE, HALF_WEIGHT, halfName } from './half-kernels.js';
import { type KernelCall, startKernelThreads } from './kernel-threads.js';
import type { StoredPlace } from './stored-file.js';

/** Files whose values are summed in one go. */
export const BATCH_FILES = 8;

/** Bytes read of a file at a time: what a batch and its sums take stays in a core’s cache, and a read’s own cost does not show. */
const READ_BYTES = 1 << 17;

/** Bytes of all sums together: with many results, pieces are shorter. */
const SUM_BYTES = 1 << 24;

/** Most values of a kernel's turn: rooms are multiples. */
const TURN = 8;

/** Keeps streams at equal distances out of the same lines of a cache. */
const PADDING = 192;

/** More would wait for the disk. */
const MAX_THREADS = 4;

/** Sums of a piece: in float64, or rounded: float32 values, float16 bits. */
export type Sums = Float64Array | Float32Array | Uint16Array;

/** What becomes of a batch's values. */
export interface BatchWork {
  readonly dtype: FloatDtype;
  /** Values of each file. */
  readonly length: number;
  /** Per file, for each sum. */
  readonly weights: readonly (readonly number[])[];
  /** Where the values are in files, when they are still to be read; only where `reads`. */
  readonly places?: readonly StoredPlace[] | undefined;
  /** After the last batch of a piece: the type that the sums are rounded to. */
  readonly encodeAs?: EncodedDtype | undefined;
}

/** Values of some files in the kernels' memory. */
export interface Batch {
  /** Where the values of file `f` of the batch go. */
  bytes(f: number, byteLength: number): Uint8Array;
  /**
   * Adds `Σ_f weights[f][k]·values[f]` to sum k of a piece, for each k, and gives the room back.
   *
   * @throws {Error} (rejects) when a file cannot be read or ends too early.
   */
  addTo(piece: number, work: BatchWork): Promise<void>;
  /** Gives the room back unused. */
  discard(): void;
}

/** Weighted sums of stored numbers in float64, for several sets of weights at once, on several threads. */
export interface Accumulator {
  /** Pieces that can be in the making or in use at once. */
  readonly pieces: number;
  /** Whether batches can be read from files by the threads that sum them. */
  readonly reads: boolean;
  /** Most values of a piece of a stored type. */
  capacity(dtype: FloatDtype): number;
  /** The next batch added to a piece begins its sums. */
  begin(piece: number): void;
  /** Room for values, as soon as there is some. */
  batch(): Promise<Batch>;
  /** The sums of a piece, as its last batch encoded them; valid until the next `begin`. */
  sums(piece: number, length: number, encodedAs?: EncodedDtype): Sums[];
  /** Ends the threads. */
  close(): Promise<void>;
}

/**
 * @param count - number of sums.
 * @param threads - default by the number of processors; 0 sums where it is called, which is quicker for little.
 */
export function createAccumulator(
  count: number,
  threads: number = Math.min(availableParallelism(), MAX_THREADS),
): Accumulator {
  const pieces = Math.max(threads, 1) + 2; // one more in the making than threads, and one in use
  const batches = 2 * Math.max(threads, 1) + 2;
  const room = Math.min(READ_BYTES / 2, Math.floor(SUM_BYTES / (8 * count * pieces * TURN)) * TURN);
  const stride = READ_BYTES + PADDING;
  const sumStride = room * 8 + PADDING;
  const weightBytes = BATCH_FILES * count * 8;
  const sumAt = (piece: number, k: number) => (piece * count + k) * sumStride;
  const batchAt = (i: number) => sumAt(pieces, 0) + i * (weightBytes + BATCH_FILES * stride);
  const valuesAt = (i: number, f: number) => batchAt(i) + weightBytes + f * stride;
  const moduleOf = (pages: number) => kernelModule(sumStride, pages);
  const { memory, reads, run, close } = startKernelThreads(batchAt(batches), moduleOf, threads);
  const begun = new Set<number>();
  const rooms = createPool(batches);

  /** Calls that add a batch; the last turn of a kernel may go past the end, into room that nobody reads. */
  function sumCalls(i: number, piece: number, { dtype, length, weights }: BatchWork): KernelCall[] {
    const keep = begun.has(piece) ? -1 : 0;
    begun.add(piece);
    const calls: KernelCall[] = [];
    const isHalf = dtype === 'F16' && weights.every((all) => all.every((weight) => Math.abs(weight) < HALF_WEIGHT));
    for (let k = 0; k < count; k += MAX_SUMS) {
      const some = weights.flatMap((all) => all.slice(k, k + MAX_SUMS));
      const at = batchAt(i) + k * BATCH_FILES * 8;
      if (isHalf) new Float32Array(memory.buffer, at, some.length).set(some.map((weight) => weight * HALF_SCALE));
      else new Float64Array(memory.buffer, at, some.length).set(some);
      const args = kernelArguments({
        sum: sumAt(piece, k),
        values: valuesAt(i, 0),
        valuesEnd: valuesAt(i, 0) + length * floatBytes(dtype),
        stride,
        weights: at,
        weightsEnd: at + some.length * (isHalf ? 4 : 8),
        keep,
      });
      const sums = some.length / weights.length;
      calls.push([isHalf ? halfName(sums) : kernelName(dtype, sums), args]);
    }
    return calls;
  }

  function encodeCalls(piece: number, { length, encodeAs }: BatchWork): KernelCall[] {
    if (encodeAs === undefined) return [];
    return Array.from({ length: count }, (_, k) => {
      const at = sumAt(piece, k);
      return [encodeName(encodeAs), [at, at + length * 8]];
    });
  }

  const batchOf = (i: number): Batch => ({
    bytes: (f, byteLength) => new Uint8Array(memory.buffer, valuesAt(i, f), byteLength),
    discard: () => rooms.giveBack(i),
    async addTo(piece, work) {
      const byteLength = work.length * floatBytes(work.dtype);
      const toRead = (work.places ?? []).map(
        ({ fd, position }, f) => [fd, position, valuesAt(i, f), byteLength] as const,
      );
      try {
        await run(piece, toRead, [...sumCalls(i, piece, work), ...encodeCalls(piece, work)]);
      } finally {
        rooms.giveBack(i);
      }
    },
  });

  return {
    pieces,
    reads,
    capacity: (dtype) => Math.min(room, READ_BYTES / floatBytes(dtype)),
    begin: (piece) => void begun.delete(piece),
    batch: async () => batchOf(await rooms.take()),
    sums: (piece, length, encodedAs) =>
      Array.from({ length: count }, (_, k) => {
        const at = sumAt(piece, k);
        if (!begun.has(piece)) return new Float64Array(length);
        if (encodedAs === 'F32') return new Float32Array(memory.buffer, at, length);
        if (encodedAs === 'F16') return new Uint16Array(memory.buffer, at, length);
        return new Float64Array(memory.buffer, at, length);
      }),
    close,
  };
}

/** Numbers 0 … size − 1, each with one taker at a time. */
function createPool(size: number): { take(): Promise<number>; giveBack(i: number): void } {
  const free = Array.from({ length: size }, (_, i) => i);
  const waiting: ((i: number) => void)[] = [];
  return {
    take: async () => free.pop() ?? new Promise<number>((resolve) => waiting.push(resolve)),
    giveBack(i) {
      const next = waiting.shift();
      if (next) next(i);
      else free.push(i);
    },
  };
}

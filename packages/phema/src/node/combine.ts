import type { TensorData } from '@edm2/tensor-files';
import { createAccumulator } from './accumulator.js';
import type { StoredFile } from './stored-file.js';

/**
 * Numbers summed at a time: sums in float64 of a few lengths stay in a core's cache, and reads are long enough for a
 * disk's full speed.
 */
export const CHUNK_VALUES = 1 << 17;

/** Reads under way at once: hides the latency of small tensors, which a network has hundreds of. */
const READS_AHEAD = 8;

/** Weights below this share are left out: together they stay under float32's rounding, and their files need no reading. */
const NEGLIGIBLE = 1e-12;

/** A piece of a tensor's weighted sums. */
export interface CombinedChunk {
  readonly name: string;
  /** First value of the piece, row-major. */
  readonly begin: number;
  /** One past its last. */
  readonly end: number;
  /** One sum per set of weights; valid until the next piece. */
  readonly sums: readonly Float64Array[];
}

/** What `combineChunks` takes. */
export interface CombineOptions {
  readonly files: readonly StoredFile[];
  /** Sets of weights for a tensor, one weight per file each; as many sets for every tensor. */
  readonly weightsOf: (name: string) => readonly Float64Array[];
  /** Tensors to combine, in this order; all of a floating-point type. */
  readonly names: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes of each read that has been taken in. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** The files that carry weight in any set. */
export const filesInUse = (files: readonly StoredFile[], weights: readonly Float64Array[]): number[] =>
  files.map((_, i) => i).filter((i) => weights.some((set) => Math.abs(set[i] ?? 0) >= NEGLIGIBLE));

/**
 * `Σ wᵢ·xᵢ` over files, for several sets of weights in one pass, piece by piece: memory is one piece in float64 per set,
 * whatever the number of files.
 */
export async function* combineChunks(options: CombineOptions): AsyncGenerator<CombinedChunk, void, undefined> {
  const { files, weightsOf, names, signal, onBytes } = options;
  const pieces = piecesOf(files, names, weightsOf);
  const reads = readAhead(readsOf(pieces, files), READS_AHEAD);
  const accumulator = createAccumulator(weightsOf(names[0] ?? '').length, CHUNK_VALUES);
  try {
    for (const { name, begin, end, weights, used } of pieces) {
      const dtype = (files[0] as StoredFile).entries.get(name)?.dtype ?? 'F32';
      accumulator.begin(end - begin);
      for (const i of used) {
        signal?.throwIfAborted();
        const { value } = await reads.next();
        const stored = value as TensorData;
        accumulator.add(
          stored,
          dtype,
          weights.map((set) => set[i] as number),
        );
        onBytes?.(stored.byteLength);
      }
      yield { name, begin, end, sums: accumulator.sums() };
    }
  } finally {
    await reads.return();
  }
}

interface Piece {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
  readonly weights: readonly Float64Array[];
  /** Files that carry weight. */
  readonly used: readonly number[];
}

function piecesOf(
  files: readonly StoredFile[],
  names: readonly string[],
  weightsOf: CombineOptions['weightsOf'],
): Piece[] {
  return names.flatMap((name) => {
    const weights = weightsOf(name);
    const used = filesInUse(files, weights);
    const size = ((files[0] as StoredFile).entries.get(name)?.shape ?? []).reduce((product, n) => product * n, 1);
    return Array.from({ length: Math.ceil(size / CHUNK_VALUES) }, (_, i) => ({
      name,
      begin: i * CHUNK_VALUES,
      end: Math.min((i + 1) * CHUNK_VALUES, size),
      weights,
      used,
    }));
  });
}

function* readsOf(pieces: readonly Piece[], files: readonly StoredFile[]): Generator<() => Promise<TensorData>> {
  for (const { name, begin, end, used } of pieces)
    for (const i of used) yield () => (files[i] as StoredFile).readRange(name, begin, end);
}

/** Results in order, the next `depth` already under way. */
async function* readAhead<T>(starts: Iterable<() => Promise<T>>, depth: number): AsyncGenerator<T, void, undefined> {
  const waiting: Promise<T>[] = [];
  const more = starts[Symbol.iterator]();
  const start = () => {
    const { value, done } = more.next();
    if (done) return;
    const read = value();
    // A failure is met when its turn comes; until then it must not count as unhandled.
    read.catch(() => undefined);
    waiting.push(read);
  };
  try {
    for (let i = 0; i < depth; i++) start();
    for (let read = waiting.shift(); read !== undefined; read = waiting.shift()) {
      const result = await read;
      start();
      yield result;
    }
  } finally {
    // The files are closed next: no read may still be under way.
    await Promise.allSettled(waiting);
  }
}

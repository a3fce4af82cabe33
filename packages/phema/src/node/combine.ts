import { type Accumulator, BATCH_FILES, createAccumulator, type Sums } from './accumulator.js';
import type { EncodedDtype } from './encode-kernels.js';
import { type FloatDtype, floatBytes } from './float-type.js';
import type { StoredFile, StoredPlace } from './stored-file.js';

/** Below this many bytes in all, threads take longer to start than to help. */
const THREADS_FROM = 1 << 26;

/** Weights below this share are left out: together they stay under float32's rounding, and their files need no reading. */
const NEGLIGIBLE = 1e-12;

/** A piece of a tensor's weighted sums. */
export interface CombinedChunk {
  readonly name: string;
  /** First value of the piece, row-major. */
  readonly begin: number;
  /** One past its last. */
  readonly end: number;
  /** One sum per set of weights, of the type asked for; valid until the next piece. */
  readonly sums: readonly Sums[];
}

/** What `combineChunks` takes. */
export interface CombineOptions {
  readonly files: readonly StoredFile[];
  /** Sets of weights for a tensor, one weight per file each; as many sets for every tensor. */
  readonly weightsOf: (name: string) => readonly Float64Array[];
  /** Tensors to combine, in this order; all of a floating-point type. */
  readonly names: readonly string[];
  /** Type that the sums of a tensor are rounded to; default float64. */
  readonly encodeAs?: (name: string) => EncodedDtype | undefined;
  /** Threads that sum; default: as many as processors, none for little. */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes of each read that has been taken in. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** The files that carry weight in any set. */
export const filesInUse = (files: readonly StoredFile[], weights: readonly Float64Array[]): number[] =>
  files.map((_, i) => i).filter((i) => weights.some((set) => Math.abs(set[i] as number) >= NEGLIGIBLE));

/**
 * `Σ wᵢ·xᵢ` over files, for several sets of weights in one pass, piece by piece: memory is a few pieces in float64 per set,
 * whatever the number of files. Pieces are summed on several threads, while the next are being read.
 */
export async function* combineChunks(options: CombineOptions): AsyncGenerator<CombinedChunk, void, undefined> {
  const { files, weightsOf, names } = options;
  const bytes = names.reduce((sum, name) => sum + (files[0]?.entries.get(name)?.byteLength ?? 0) * files.length, 0);
  const accumulator = createAccumulator(
    weightsOf(names[0] ?? '').length,
    options.threads ?? (bytes < THREADS_FROM ? 0 : undefined),
  );
  const pieces = piecesOf(options, accumulator);
  const sums = readAhead(
    pieces.map((piece, i) => () => sumPiece(piece, i % accumulator.pieces, options, accumulator)),
    accumulator.pieces - 1,
  );
  try {
    for await (const chunk of sums) yield chunk;
  } finally {
    await sums.return();
    await accumulator.close();
  }
}

interface Piece {
  readonly name: string;
  readonly dtype: FloatDtype;
  readonly begin: number;
  readonly end: number;
  readonly weights: readonly Float64Array[];
  readonly encodeAs: EncodedDtype | undefined;
  /** Files that carry weight. */
  readonly used: readonly number[];
}

function piecesOf({ files, names, weightsOf, encodeAs }: CombineOptions, { capacity }: Accumulator): Piece[] {
  return names.flatMap((name) => {
    const weights = weightsOf(name);
    const used = filesInUse(files, weights);
    const entry = files[0]?.entries.get(name);
    const dtype = (entry?.dtype ?? 'F32') as FloatDtype;
    const size = (entry?.shape ?? []).reduce((product, n) => product * n, 1);
    const most = capacity(dtype);
    return Array.from({ length: Math.ceil(size / most) }, (_, i) => ({
      name,
      dtype,
      begin: i * most,
      end: Math.min((i + 1) * most, size),
      weights,
      encodeAs: encodeAs?.(name),
      used,
    }));
  });
}

/** Has a piece of all files read and summed, some files at a time, at one of the accumulator's places. */
async function sumPiece(
  piece: Piece,
  at: number,
  { files, signal, onBytes }: CombineOptions,
  accumulator: Accumulator,
): Promise<CombinedChunk> {
  const { name, dtype, begin, end, weights, used, encodeAs } = piece;
  const length = end - begin;
  const byteLength = length * floatBytes(dtype);
  const added: Promise<void>[] = [];
  accumulator.begin(at);
  try {
    for (let next = 0; next < used.length; next += BATCH_FILES) {
      const some = used.slice(next, next + BATCH_FILES);
      const those = some.map((i) => files[i] as StoredFile);
      const isLast = next + BATCH_FILES >= used.length;
      const batch = await accumulator.batch();
      const places = accumulator.reads ? placesOf(those, piece) : undefined;
      try {
        signal?.throwIfAborted();
        if (!places)
          await settleAll(those.map((file, f) => file.readInto(name, begin, end, batch.bytes(f, byteLength))));
      } catch (error) {
        batch.discard();
        throw error;
      }
      const work = {
        dtype,
        length,
        weights: some.map((i) => weights.map((set) => set[i] as number)),
        places,
        encodeAs: isLast ? encodeAs : undefined,
      };
      const adding = batch.addTo(at, work).then(
        () => onBytes?.(byteLength * some.length),
        (error: unknown) => explain(error, those, piece),
      );
      // A failure is met at the end; until then it must not count as unhandled.
      adding.catch(() => undefined);
      added.push(adding);
    }
  } finally {
    await Promise.allSettled(added);
  }
  await Promise.all(added);
  return { name, begin, end, sums: accumulator.sums(at, length, encodeAs) };
}

/** Where a piece begins in each file; undefined when one of them has it in another order. */
function placesOf(files: readonly StoredFile[], { name, dtype, begin }: Piece): StoredPlace[] | undefined {
  const places = files.flatMap((file) => {
    const place = file.placeOf(name);
    return place ? [{ fd: place.fd, position: place.position + begin * floatBytes(dtype) }] : [];
  });
  return places.length === files.length ? places : undefined;
}

/** All of them, or the first failure when none is under way any more: what they work with is another's next. */
export async function settleAll(works: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(works);
  await Promise.all(works);
}

/** A thread says little about a file that it could not read: the file's own reader says which, and what to do. */
async function explain(error: unknown, files: readonly StoredFile[], { name, begin, end }: Piece): Promise<never> {
  for (const file of files) await file.readRange(name, begin, end);
  throw error;
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

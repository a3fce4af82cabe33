import { type Dtype, dtypeOf, isDtype, type TensorData, valuesOf } from './dtype.js';
import { createSafetensorsWriter, type SafetensorsWriterOptions, type TensorSpec } from './writer.js';

/** Values at once, or piece by piece in row-major order. */
export type TensorSource = TensorData | Iterable<TensorData> | AsyncIterable<TensorData>;

/** A tensor to write, with its values or a function that makes them when their turn comes. */
export interface TensorInput {
  /** Default: what `data` is when it is a typed array (Float32Array is F32 …). Required with a function. */
  readonly dtype?: Dtype;
  readonly shape: readonly number[];
  readonly data: TensorData | (() => TensorSource | Promise<TensorSource>);
}

/** A tensor with its name. */
export interface NamedTensorInput extends TensorInput {
  readonly name: string;
}

/** What `writeSafetensors` takes: by name, or a sequence. A sequence is gone through once before anything is written. */
export type TensorInputs =
  | Readonly<Record<string, TensorInput>>
  | Iterable<NamedTensorInput>
  | AsyncIterable<NamedTensorInput>;

/** Options of {@link writeSafetensors}. */
export interface WriteSafetensorsOptions extends SafetensorsWriterOptions {
  /** Stops the write; nothing is left behind. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes a safetensors file: temporary name, fsync, rename, so that its final name never stands for half a file. Tensors given as
 * functions are made one at a time, in the file's order (widest elements first), and need not fit in memory together.
 *
 * @param path - final name; its directory must exist.
 * @param tensors - by name, or a sequence of named ones; a state dict's `{ shape, data }` entries fit as they are.
 * @param metadata - text fields.
 * @throws {RangeError} when a name comes twice or a shape does not fit its values.
 * @throws {TypeError} when values are of another type than said, or a metadata field is not text.
 * @throws {Error} of the file system, of a producing function, or the signal's reason; nothing is left behind.
 */
export async function writeSafetensors(
  path: string,
  tensors: TensorInputs,
  metadata: Readonly<Record<string, string>> = {},
  { signal, ...options }: WriteSafetensorsOptions = {},
): Promise<void> {
  signal?.throwIfAborted();
  const inputs = await collect(tensors);
  const specs = Object.fromEntries([...inputs].map(([name, input]) => [name, specOf(name, input)]));
  const writer = await createSafetensorsWriter(path, specs, metadata, options);
  try {
    for (const name of writer.names) {
      signal?.throwIfAborted();
      const data = inputs.get(name)?.data;
      const source = typeof data === 'function' ? await data() : data;
      if (source === undefined) continue;
      for await (const values of ArrayBuffer.isView(source) ? [source] : source) {
        signal?.throwIfAborted();
        await writer.write(name, values);
      }
    }
    signal?.throwIfAborted();
    await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

async function collect(tensors: TensorInputs): Promise<Map<string, TensorInput>> {
  if (!(Symbol.iterator in tensors) && !(Symbol.asyncIterator in tensors)) return new Map(Object.entries(tensors));
  const inputs = new Map<string, TensorInput>();
  for await (const input of tensors as Iterable<NamedTensorInput> | AsyncIterable<NamedTensorInput>) {
    if (inputs.has(input.name)) {
      throw new RangeError(`writeSafetensors: expected unique names, got ${input.name} twice. Rename one of them.`);
    }
    inputs.set(input.name, input);
  }
  return inputs;
}

function specOf(name: string, { dtype, shape, data }: TensorInput): TensorSpec {
  const type = dtype ?? dtypeOf(data);
  if (type === undefined) {
    throw new TypeError(
      `writeSafetensors: expected ${name} to have a dtype or a typed array, got neither. Name its dtype.`,
    );
  }
  const elements = shape.reduce((product, side) => product * side, 1);
  const size = isDtype(type) ? valuesOf(type, elements) : elements;
  if (ArrayBuffer.isView(data) && data.length !== size) {
    throw new RangeError(
      `writeSafetensors: expected ${size} values for ${name} [${shape}], got ${data.length}. Check its shape.`,
    );
  }
  return { dtype: type, shape };
}

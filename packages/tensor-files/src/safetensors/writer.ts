import { createHash } from 'node:crypto';
import { openAtomic, writeFully } from '../atomic.js';
import { compareFiles } from '../compare-files.js';
import { explainWriteError } from '../file-error.js';
import { CHECKSUM_BLANK, CHECKSUM_KEY, findChecksum } from './checksum.js';
import { byteLengthOf, bytesPerElement, DTYPES, type Dtype, fitsDtype, isDtype, type TensorData } from './dtype.js';
import { fromFloat32 } from './half.js';
import { LENGTH_BYTES, MAX_HEADER_BYTES, MAX_RANK, MAX_TENSORS } from './limits.js';

/** Type and shape of a tensor that will be written. */
export interface TensorSpec {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** Options of {@link createSafetensorsWriter} and `writeSafetensors`. */
export interface SafetensorsWriterOptions {
  /** Store a SHA-256 of the whole file in its metadata, for `verify`. Default true. */
  readonly checksum?: boolean;
}

/** A safetensors file in the making. */
export interface SafetensorsWriter {
  /** The order in which the tensors must come: widest elements first, so that every tensor stays aligned; otherwise as given. */
  readonly names: readonly string[];
  /**
   * Appends values of the tensor whose turn it is, all at once or piece by piece.
   *
   * @param name - the tensor; must be the next one that is not complete.
   * @param values - of the tensor's type; float32 values for an F16 or BF16 tensor are rounded to it.
   * @throws {RangeError} when another tensor's turn it is, or there are more values than its shape holds.
   * @throws {TypeError} when the values are of another type.
   */
  write(name: string, values: TensorData): Promise<void>;
  /**
   * Completes the file, still under a temporary name, and compares it with what is under its own.
   *
   * @returns whether something is there, and has the same bytes.
   * @throws {RangeError} when values are still missing.
   */
  compare(): Promise<'nothing' | 'same' | 'other'>;
  /**
   * Completes the file and puts it under its name, replacing what is there.
   *
   * @throws {RangeError} when values are still missing.
   */
  finish(): Promise<void>;
  /** Leaves nothing behind; does nothing after {@link finish}. Call it when anything fails. */
  abort(): Promise<void>;
}

/**
 * Starts a safetensors file whose tensors are pushed one after another: for producers that fill several files at once. The header
 * comes first in the file, so every type and shape must be known.
 *
 * @param path - final name; nothing is under it before `finish`.
 * @param specs - type and shape by name.
 * @param metadata - text fields.
 * @throws {RangeError | TypeError} when a name, type, shape or text field cannot be stored.
 */
export async function createSafetensorsWriter(
  path: string,
  specs: Readonly<Record<string, TensorSpec>>,
  metadata: Readonly<Record<string, string>> = {},
  { checksum = true }: SafetensorsWriterOptions = {},
): Promise<SafetensorsWriter> {
  const plan = planEntries(specs);
  const header = buildHeader(plan, checkMetadata(metadata, checksum));
  const hash = checksum ? createHash('sha256').update(header) : undefined;
  const file = await openAtomic(path, 'writeSafetensors');
  let position = 0;
  const append = async (bytes: Uint8Array): Promise<void> => {
    const at = position; // taken before the wait, so that calls not awaited one by one still land in order
    position += bytes.length;
    await writeFully(file.handle, bytes, at);
  };
  const guard = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw explainWriteError('writeSafetensors', path, error);
    }
  };

  let digest: string | undefined;
  let turn = 0; // index into plan
  let filled = 0; // bytes of that tensor
  const skipComplete = (): void => {
    while (turn < plan.length && filled === plan[turn]?.byteLength) {
      turn++;
      filled = 0;
    }
  };
  skipComplete();
  try {
    await guard(() => append(header));
  } catch (error) {
    await file.discard();
    throw error;
  }

  /** The checksum's place is filled last, once. */
  const complete = async (): Promise<void> => {
    const entry = plan[turn];
    if (entry) {
      const count = entry.byteLength / bytesPerElement(entry.dtype);
      const got = filled / bytesPerElement(entry.dtype);
      throw new RangeError(`finish: expected ${count} values of ${entry.name}, got ${got}. Write all tensors first.`);
    }
    if (!hash) return;
    digest ??= hash.digest('hex');
    const at = LENGTH_BYTES + findChecksum(header.subarray(LENGTH_BYTES), CHECKSUM_BLANK);
    await guard(() => writeFully(file.handle, Buffer.from(digest as string), at));
  };

  return {
    names: plan.map(({ name }) => name),
    async write(name, values) {
      const entry = plan[turn];
      if (values.length === 0 && Object.hasOwn(specs, name)) return; // an empty tensor has no turn
      if (!entry || entry.name !== name) {
        throw new RangeError(
          `write: expected the values of ${entry?.name ?? 'no further tensor'}, got ${name}. Write in the order of .names.`,
        );
      }
      const bytes = encode(name, entry.dtype, values);
      if (filled + bytes.length > entry.byteLength) {
        const got = (filled + bytes.length) / bytesPerElement(entry.dtype);
        throw new RangeError(`write: expected [${entry.shape}] values for ${name}, got ${got}. Check its shape.`);
      }
      const written = guard(() => append(bytes));
      hash?.update(bytes); // while the system writes
      filled += bytes.length;
      skipComplete();
      await written;
    },
    async compare() {
      await complete();
      return compareFiles(file.handle, position, path);
    },
    async finish() {
      await complete();
      await guard(() => file.commit());
    },
    abort: () => file.discard(),
  };
}

interface PlannedEntry extends TensorSpec {
  readonly name: string;
  readonly byteLength: number;
}

function planEntries(specs: Readonly<Record<string, TensorSpec>>): PlannedEntry[] {
  const names = Object.keys(specs);
  if (names.length > MAX_TENSORS) {
    throw new RangeError(
      `writeSafetensors: expected at most ${MAX_TENSORS} tensors, got ${names.length}. Split the file.`,
    );
  }
  const plan = Object.entries(specs).map(([name, { dtype, shape }]): PlannedEntry => {
    if (name === '__metadata__') {
      throw new RangeError(
        'writeSafetensors: expected a tensor name other than __metadata__, got it. Rename the tensor.',
      );
    }
    if (!isDtype(dtype)) {
      throw new TypeError(
        `writeSafetensors: expected ${name}'s dtype to be one of ${DTYPES.join(', ')}, got ${String(dtype)}. Name its type.`,
      );
    }
    const isShape = shape.length <= MAX_RANK && shape.every((side) => Number.isSafeInteger(side) && side >= 0);
    const byteLength = byteLengthOf(dtype, shape);
    if (!isShape || !Number.isSafeInteger(byteLength)) {
      throw new RangeError(
        `writeSafetensors: expected ${name}'s shape to be at most ${MAX_RANK} sides ≥ 0 and whole bytes, got [${shape}]. Correct it.`,
      );
    }
    return { name, dtype, shape, byteLength };
  });
  return plan.sort((a, b) => bytesPerElement(b.dtype) - bytesPerElement(a.dtype));
}

function checkMetadata(metadata: Readonly<Record<string, string>>, checksum: boolean): Record<string, string> {
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') {
      throw new TypeError(
        `writeSafetensors: expected metadata.${key} to be a string, got ${typeof value}. Use JSON.stringify.`,
      );
    }
  }
  if (!checksum) return { ...metadata };
  if (Object.hasOwn(metadata, CHECKSUM_KEY)) {
    throw new RangeError(
      `writeSafetensors: expected metadata without ${CHECKSUM_KEY}, got "${metadata[CHECKSUM_KEY]}". Leave it out, or pass checksum: false.`,
    );
  }
  // First in the text, so that no field before it can contain what looks like it.
  return { [CHECKSUM_KEY]: CHECKSUM_BLANK, ...metadata };
}

/** Length field and header, padded with spaces so that the data begins at a multiple of 8 bytes. */
function buildHeader(plan: readonly PlannedEntry[], metadata: Record<string, string>): Buffer {
  let offset = 0;
  const entries = plan.map(({ name, dtype, shape, byteLength }): [string, unknown] => {
    const begin = offset;
    offset += byteLength;
    return [name, { dtype, shape, data_offsets: [begin, offset] }];
  });
  const fields: [string, unknown][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : [];
  const text = Buffer.from(JSON.stringify(Object.fromEntries([...fields, ...entries])));
  const length = Math.ceil(text.length / 8) * 8;
  if (length > MAX_HEADER_BYTES) {
    throw new RangeError(
      `writeSafetensors: expected a header of at most ${MAX_HEADER_BYTES} bytes, got ${length}. Shorten the metadata.`,
    );
  }
  const header = Buffer.alloc(LENGTH_BYTES + length, ' ');
  header.writeBigUInt64LE(BigInt(length));
  text.copy(header, LENGTH_BYTES);
  return header;
}

function encode(name: string, dtype: Dtype, values: TensorData): Uint8Array {
  const isHalf = dtype === 'F16' || dtype === 'BF16';
  if (!fitsDtype(dtype, values) && !(isHalf && values instanceof Float32Array))
    throw new TypeError(
      `write: expected ${dtype} values for ${name}, got ${values.constructor.name}. Convert them first.`,
    );
  const stored = isHalf && values instanceof Float32Array ? fromFloat32(values, dtype) : values;
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}

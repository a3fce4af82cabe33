import { type NpyArray, type NpyHeader, NpyParseError, parseNpyHeader, readNpy } from '@edm2/tensor-files';
import { DatasetError } from '../errors.js';
import { type FileSource, readHead } from '../file-source.js';
import { MAX_STACK_BYTES } from '../limits.js';

/** First bytes in which an array's header ends: NumPy's are shorter than 200. */
const HEADER_BYTES = 4096;

/** An array in a folder or an archive, its values still unread. */
export interface ArrayFile {
  /** Its file in the source. */
  readonly file: string;
  /** Without `.npy`. */
  readonly name: string;
  readonly header: NpyHeader;
}

/** An array whose header is not read, for a reason. */
export interface UnreadArray {
  readonly file: string;
  readonly reason: string;
}

/** Headers of arrays. */
export async function openArrays(
  source: FileSource,
  files: readonly string[],
): Promise<{ readonly arrays: readonly ArrayFile[]; readonly unread: readonly UnreadArray[] }> {
  const arrays: ArrayFile[] = [];
  const unread: UnreadArray[] = [];
  for (const file of files) {
    try {
      const header = parseNpyHeader(await readHead(source, file, HEADER_BYTES), source.pathOf(file));
      arrays.push({ file, name: file.replace(/\.npy$/i, ''), header });
    } catch (error) {
      if (!(error instanceof NpyParseError)) throw error;
      unread.push({
        file,
        reason: error.code === 'dtype' ? 'an array of values other than numbers' : 'a damaged array',
      });
    }
  }
  return { arrays, unread };
}

/** In words: `uint8 [5000, 32, 32, 3]`. */
export const describeArray = ({ header: { dtype, shape } }: ArrayFile): string =>
  `${TYPES[dtype] ?? dtype} [${shape.join(', ')}]`;

const TYPES: Readonly<Record<string, string>> = {
  '<f2': 'float16',
  '<f4': 'float32',
  '<f8': 'float64',
  '|i1': 'int8',
  '<i2': 'int16',
  '<i4': 'int32',
  '<i8': 'int64',
  '|u1': 'uint8',
  '<u2': 'uint16',
  '<u4': 'uint32',
  '<u8': 'uint64',
  '|b1': 'bool',
};

/** A whole array. @throws {DatasetError} (rejects) corrupt-image when it is damaged. */
export async function readArray(source: FileSource, { file }: ArrayFile): Promise<NpyArray> {
  const bytes = await source.read(file, MAX_STACK_BYTES);
  return readNpy(bytes).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw damaged(source.pathOf(file), `"${reason}"`, cause);
  });
}

/**
 * A reader of parts of an array of bytes: from the file where it is stored as it is, else from memory.
 *
 * @param size - bytes of each part.
 * @throws {DatasetError} (rejects) when the file is shorter or longer than its header says, or cannot be held in memory.
 */
export async function partsOf(
  source: FileSource,
  array: ArrayFile,
  size: number,
): Promise<(index: number) => Promise<Uint8Array>> {
  const { file, header } = array;
  const { shape, dataStart, fortranOrder } = header;
  const path = source.pathOf(file);
  const bytes = shape.reduce((product, side) => product * side, 1);
  const stored = (await source.size(file)) - dataStart;
  if (stored !== bytes) throw damaged(path, `${stored} bytes where ${describeArray(array)} takes ${bytes}`);
  const inPlace = !fortranOrder && (await source.readPart(file, 0, 1)) !== undefined;
  if (!inPlace) {
    const { data } = await readArray(source, array);
    return async (index) => (data as Uint8Array).subarray(index * size, (index + 1) * size);
  }
  return async (index) => {
    const part = await source.readPart(file, dataStart + index * size, size);
    if (part?.length !== size) throw damaged(path, `${part?.length ?? 0} bytes of ${size}`);
    return part;
  };
}

const damaged = (path: string, got: string, cause?: unknown) =>
  new DatasetError({
    code: 'corrupt-image',
    where: 'openDataset',
    file: path,
    expected: 'an intact array',
    got: `${got} in ${path}`,
    remedy: 'Write the file again',
    cause,
  });

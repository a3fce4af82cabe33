import { gunzipSync, constants as zlib } from 'node:zlib';
import { type FileKind, plainKind } from './file-kind.js';
import { identifyProtobuf } from './identify-protobuf.js';
import { identifyText } from './identify-text.js';
import { isLegacyTorch, looksLikePickle } from './pickle-heads.js';

/** Bytes that are looked at: a tar's first header, or a page's title. */
export const HEAD_BYTES = 4096;

const latin1 = (bytes: Uint8Array, begin: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1', begin, end);

const compressed = (name: string, command: string): FileKind => ({
  kind: 'compressed',
  what: `a file compressed with ${name}`,
  remedy: `Unpack it first: ${command}`,
});

const image = (name: string): FileKind => ({
  kind: 'image',
  what: `a picture (${name})`,
  remedy: 'Take it as a picture: a folder or zip of pictures is a data set',
});

const table = (name: string): FileKind => ({
  kind: 'table',
  what: name,
  remedy: 'Save what is in it as pictures or arrays: npy, npz or safetensors',
});

/** Beginnings that say it all. */
const MAGICS: readonly (readonly [head: string, kind: FileKind])[] = [
  ['\x93NUMPY', plainKind('npy')],
  ['\x89HDF\r\n\x1a\n', plainKind('hdf5')],
  ['GGUF', plainKind('gguf')],
  ['ggml', plainKind('gguf')],
  ['lmgg', plainKind('gguf')],
  ['tjgg', plainKind('gguf')],
  ['MATLAB 5.0 MAT-file', plainKind('matlab')],
  ['%PDF-', plainKind('pdf')],
  ['PAR1', table('a Parquet table')],
  ['ARROW1', table('an Arrow table')],
  ['SQLite format 3\0', table('a SQLite database')],
  ['\xfd7zXZ\0', compressed('xz', 'xz -d FILE')],
  ['\x28\xb5\x2f\xfd', compressed('zstd', 'zstd -d FILE')],
  ['BZh', compressed('bzip2', 'bunzip2 FILE')],
  ['\x04\x22\x4d\x18', compressed('lz4', 'lz4 -d FILE')],
  ['\x1f\x9d', compressed('compress', 'uncompress FILE')],
  ["7z\xbc\xaf'\x1c", { ...compressed('7-Zip', '7z x FILE'), what: 'a 7-Zip archive' }],
  ['Rar!\x1a\x07', { ...compressed('RAR', 'unrar x FILE'), what: 'a RAR archive' }],
  ['\x89PNG\r\n\x1a\n', image('PNG')],
  ['\xff\xd8\xff', image('JPEG')],
  ['GIF87a', image('GIF')],
  ['GIF89a', image('GIF')],
  ['II*\0', image('TIFF')],
  ['MM\0*', image('TIFF')],
];

/** An entry, the end of an empty zip, and the mark of one in parts. */
const ZIP_HEADS = ['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08'];

/** Zero bytes that no file of those that are read begins with. */
const ZEROS = 64;

/** Element types of IDX files. */
const IDX_TYPES = [8, 9, 11, 12, 13, 14];

/**
 * What a file is by its bytes. A zip is told as `zip`, whatever is in it.
 *
 * @param bytes - the whole file, or at least its first {@link HEAD_BYTES}.
 * @param size - of the file.
 * @param tail - its last bytes, if they are not in `bytes`.
 * @returns undefined when it is none of the kinds that are told apart.
 */
export function identifyBytes(
  bytes: Uint8Array,
  { size = bytes.length, tail = bytes }: { readonly size?: number; readonly tail?: Uint8Array } = {},
): FileKind | undefined {
  if (size === 0) return plainKind('empty');
  const head = bytes.subarray(0, HEAD_BYTES);
  const magic = MAGICS.find(([text]) => latin1(head, 0, text.length) === text);
  if (magic) return magic[1];
  if (latin1(head, 0, 2) === '\x1f\x8b') return gzipKind(head);
  if (ZIP_HEADS.includes(latin1(head, 0, 4))) return plainKind('zip');
  if (latin1(head, 257, 262) === 'ustar' || isOldTar(head)) return tarKind(head);
  if (isLegacyTorch(head)) return plainKind('torch-legacy');
  if (head[0] === 0x78 && [0x01, 0x5e, 0x9c, 0xda].includes(head[1] ?? 0))
    return compressed('zlib', 'in Python, joblib.load or zlib.decompress');
  if (isSafetensors(head)) return plainKind('safetensors');
  if (latin1(head, 4, 8) === 'TFL3') return plainKind('tflite');
  if (latin1(head, 0, 4) === 'RIFF' && latin1(head, 8, 12) === 'WEBP') return image('WebP');
  if (/^BM/.test(latin1(head, 0, 2)) && size === (head[2] ?? 0) + 256 * (head[3] ?? 0) + 65_536 * (head[4] ?? 0))
    return image('BMP');
  const [zero0, zero1, idxType = 0, idxRank = 0] = head;
  if (zero0 === 0 && zero1 === 0 && IDX_TYPES.includes(idxType) && idxRank >= 1 && idxRank <= 4)
    return plainKind('idx');
  if (looksLikePickle(head, tail.at(-1))) return plainKind('pickle');
  if (head.length >= ZEROS && head.every((byte) => byte === 0)) return plainKind('zeros');
  // The magic number at the end of a table of LevelDB, which TensorFlow's checkpoints have for an index.
  if (latin1(tail, tail.length - 8, tail.length) === '\x57\xfb\x80\x8b\x24\x75\x47\xdb') return plainKind('tensorflow');
  return identifyText(head) ?? identifyProtobuf(head, size) ?? flaxKind(head);
}

/** A header's length, and the brace that it begins with. */
function isSafetensors(head: Uint8Array): boolean {
  return head.length > 8 && head[8] === 0x7b && head[5] === 0 && head[6] === 0 && head[7] === 0;
}

function gzipKind(head: Uint8Array): FileKind {
  const kind = compressed('gzip', 'gunzip FILE');
  try {
    const inside = gunzipSync(head, { finishFlush: zlib.Z_SYNC_FLUSH, maxOutputLength: 1 << 20 });
    if (latin1(inside, 257, 262) !== 'ustar') return kind;
  } catch {
    return kind; // more than a first look needs, or damaged: still gzip
  }
  return { kind: 'compressed', what: 'a tar archive compressed with gzip', remedy: 'Unpack it first: tar xzf FILE' };
}

/** A tar from before its magic: a name, and octal numbers where they belong. */
function isOldTar(head: Uint8Array): boolean {
  return (
    head.length >= 512 &&
    /^[^\0]{1,100}\0*$/.test(latin1(head, 0, 100)) &&
    /^[ 0-7]{6,7}[ \0]{1,2}$/.test(latin1(head, 100, 108)) &&
    /^[ 0-7]{10,11}[ \0]{1,2}$/.test(latin1(head, 124, 136))
  );
}

function tarKind(head: Uint8Array): FileKind {
  const name = latin1(head, 0, 100).replace(/\0.*$/s, '');
  if (/^(\.\/)?(sys_info|pickle|storages|tensors)$/.test(name)) return plainKind('torch-tar');
  return {
    kind: 'tar',
    what: `a tar archive (of ${JSON.stringify(name)} and what follows)`,
    remedy: 'Unpack it first: tar xf FILE',
  };
}

/** A map with a few keys, the first of them a text: what Flax serialises parameters to. */
function flaxKind(head: Uint8Array): FileKind | undefined {
  const [map = 0, key = 0] = head;
  const isMap = (map >= 0x81 && map <= 0x8f) || map === 0xde;
  const isText = key >= 0xa1 && key <= 0xbf;
  return isMap && isText && /^[\w./-]+$/.test(latin1(head, 2, 2 + (key & 31))) ? plainKind('flax') : undefined;
}

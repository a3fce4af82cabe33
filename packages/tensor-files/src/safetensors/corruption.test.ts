import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors, SafetensorsParseError, writeSafetensors } from '@edm2/tensor-files';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let directory = '';
let path = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensor-files-'));
  path = join(directory, 'x.safetensors');
});
afterAll(() => rm(directory, { recursive: true }));

/** A file of a header's text and some zeros. */
function file(header: string | Buffer, dataBytes: number, declared?: bigint): Buffer {
  const text = Buffer.from(header);
  const bytes = Buffer.alloc(8 + text.length + dataBytes);
  bytes.writeBigUInt64LE(declared ?? BigInt(text.length));
  text.copy(bytes, 8);
  return bytes;
}
const entry = (dtype: string, shape: unknown, begin: unknown, end: unknown): string =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });
const w = entry('F32', [2], 0, 8);

const cases: [string, Buffer, string, Partial<{ offset: number; field: string }>][] = [
  ['an empty file', Buffer.alloc(0), 'too-short', { offset: 0, field: 'header length' }],
  ['seven bytes', Buffer.alloc(7), 'too-short', { offset: 7 }],
  ['a header longer than the file', file('{}', 0, 3n), 'header-length', { offset: 0 }],
  ['a header length of 2^63', file('{}', 0, 1n << 63n), 'header-length', {}],
  ['an empty header', file('', 0), 'header-json', { offset: 8 }],
  ['bytes that are not UTF-8', file(Buffer.from([0x7b, 0xff, 0x7d]), 0), 'header-text', { offset: 8 }],
  ['a byte order mark', file('\ufeff{}', 0), 'header-json', {}],
  ['bad JSON', file('{"w":}', 0), 'header-json', {}],
  ['a list', file('[]', 0), 'header-json', {}],
  ['a zip file', file('PK\u0003\u0004', 9), 'header-json', {}],
  ['a name twice', file(`{"w":${w},"w":${w}}`, 8), 'duplicate-name', { field: 'w', offset: 8 + 6 + w.length }],
  ['a name twice, once escaped', file(`{"w":${w},"\\u0077":${w}}`, 8), 'duplicate-name', { field: 'w' }],
  [
    'a field twice',
    file('{"w":{"dtype":"F32","dtype":"F32","shape":[],"data_offsets":[0,4]}}', 4),
    'duplicate-name',
    { field: 'dtype' },
  ],
  ['metadata as a list', file('{"__metadata__":[]}', 0), 'metadata', { field: '__metadata__', offset: 9 }],
  ['metadata as a text', file('{"__metadata__":"pt"}', 0), 'metadata', {}],
  ['packed elements that fill no byte', file(`{"w":${entry('F4', [3], 0, 2)}}`, 2), 'offsets', {}],
  ['a type of PyTorch alone', file(`{"w":${entry('C128', [1], 0, 16)}}`, 16), 'dtype', {}],
  ['an entry that is no object', file('{"w":[]}', 0), 'entry', { field: 'w' }],
  ['a null entry', file('{"é":null}', 0), 'entry', { field: 'é', offset: 9 }],
  [
    'an unknown type',
    file(`{"é":${w.replace('[0,8]', '[0,8]')},"w":${entry('F9', [1], 8, 9)}}`, 9),
    'dtype',
    { field: 'w.dtype', offset: 8 + 7 + w.length },
  ],
  ['an inherited name as type', file(`{"w":${entry('toString', [1], 0, 1)}}`, 1), 'dtype', {}],
  ['no shape', file('{"w":{"dtype":"F32","data_offsets":[0,4]}}', 4), 'shape', { field: 'w.shape' }],
  ['a negative side', file(`{"w":${entry('F32', [-1], 0, 4)}}`, 4), 'shape', {}],
  ['a fractional side', file(`{"w":${entry('F32', [1.5], 0, 6)}}`, 6), 'shape', {}],
  ['too many axes', file(`{"w":${entry('F32', new Array(65).fill(1), 0, 4)}}`, 4), 'shape', {}],
  ['a product past 2^53', file(`{"w":${entry('F32', [2 ** 30, 2 ** 30, 2 ** 30], 0, 4)}}`, 4), 'offsets', {}],
  ['offsets of the wrong size', file(`{"w":${entry('F32', [2], 0, 4)}}`, 4), 'offsets', { field: 'w.data_offsets' }],
  ['offsets backwards', file(`{"w":${entry('F32', [2], 8, 0)}}`, 8), 'offsets', {}],
  ['negative offsets', file(`{"w":${entry('F32', [1], -4, 0)}}`, 8), 'offsets', {}],
  ['offsets of three', file('{"w":{"dtype":"F32","shape":[],"data_offsets":[0,4,8]}}', 8), 'offsets', {}],
  ['an overlap', file(`{"w":${w},"v":${entry('F32', [2], 4, 12)}}`, 12), 'overlap', { field: 'v.data_offsets' }],
  ['the same bytes twice', file(`{"w":${w},"v":${w}}`, 8), 'overlap', {}],
  ['a gap', file(`{"w":${w},"v":${entry('F32', [2], 12, 20)}}`, 20), 'gap', { field: 'v.data_offsets' }],
  ['a gap in front', file(`{"w":${entry('F32', [1], 4, 8)}}`, 8), 'gap', {}],
  ['data cut short', file(`{"w":${w}}`, 7), 'truncated', { field: 'w' }],
  ['bytes after the end', file(`{"w":${w}}`, 9), 'trailing-bytes', {}],
];

describe('readSafetensors refuses', () => {
  it.each(cases)('%s', async (_, bytes, code, place) => {
    await writeFile(path, bytes);
    const error = await readSafetensors(path).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(SafetensorsParseError);
    expect(error).toMatchObject({ code, file: path, ...place });
    expect(String(error)).toMatch(/readSafetensors: expected .*, got .*\(.*x\.safetensors, byte \d+, .*\)/);
  });

  it('a missing file with the system’s error', async () => {
    await expect(readSafetensors(join(directory, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('random bytes, always with a SafetensorsParseError', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.json().map((text) => file(text, 4)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (content) => {
        fc.pre(!/^\{\s*\}$/.test(Buffer.from(content).toString('latin1', 8)));
        await writeFile(path, content);
        await expect(readSafetensors(path)).rejects.toBeInstanceOf(SafetensorsParseError);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a checksummed file', () => {
  const tensors = {
    weight: { shape: [3], data: Float32Array.of(1, 2, 3) },
    flag: { shape: [1], data: Uint8Array.of(1) },
  };
  const check = async (content: Uint8Array): Promise<boolean> => {
    await writeFile(path, content);
    const opened = await readSafetensors(path);
    try {
      return await opened.verify({ required: true });
    } finally {
      await opened.close();
    }
  };

  it('is refused after a flipped bit in any byte, and cut at any byte', async () => {
    await writeSafetensors(path, tensors, { sigmaRel: '0.05' });
    const good = await readFile(path);
    expect(await check(good)).toBe(true);
    for (let byte = 0; byte < good.length; byte++) {
      const bad = Buffer.from(good);
      bad.writeUInt8(bad.readUInt8(byte) ^ (1 << ((byte * 5) % 8)), byte);
      await expect(check(bad), `byte ${byte}`).rejects.toBeInstanceOf(SafetensorsParseError);
    }
    for (let length = 0; length < good.length; length++) {
      await expect(check(good.subarray(0, length)), `length ${length}`).rejects.toBeInstanceOf(SafetensorsParseError);
    }
  });

  it('says what is wrong: checksum, or none there', async () => {
    await writeSafetensors(path, tensors);
    const bad = await readFile(path);
    bad.writeUInt8(9, bad.length - 1);
    await expect(check(bad)).rejects.toMatchObject({ code: 'checksum', field: 'checksum' });
    await writeSafetensors(path, tensors, {}, { checksum: false });
    await expect(check(await readFile(path))).rejects.toMatchObject({ code: 'no-checksum' });
    const plain = await readSafetensors(path);
    expect(plain.checksum).toBeUndefined();
    expect(await plain.verify()).toBe(false);
    await plain.close();
  });

  it('keeps another tool’s checksum field as plain metadata', async () => {
    await writeSafetensors(path, tensors, { checksum: 'crc:1' }, { checksum: false });
    const plain = await readSafetensors(path);
    expect(plain.metadata).toEqual({ checksum: 'crc:1' });
    expect(await plain.verify()).toBe(false);
    await plain.close();
  });
});

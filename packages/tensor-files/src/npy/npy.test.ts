import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { NPY_DTYPES, type NpyData, type NpyDtype, NpyParseError, readNpy, readNpz, writeNpy } from '@edm2/tensor-files';
import { goldenPath, readGolden } from '@edm2/test-support';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import yazl from 'yazl';

let directory = '';
let path = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'npy-'));
  path = join(directory, 'x.npy');
});
afterAll(() => rm(directory, { recursive: true }));

/** An npy file of a header's text, as numpy lays it out. */
function npy(header: string, data: Uint8Array, version = 1, declared?: number): Buffer {
  const text = Buffer.from(`${header}\n`, version === 3 ? 'utf8' : 'latin1');
  const start = version === 1 ? 10 : 12;
  const bytes = Buffer.alloc(start + text.length + data.length);
  bytes.write('\u0093NUMPY', 'latin1');
  bytes.writeUInt8(version, 6);
  if (version === 1) bytes.writeUInt16LE(declared ?? text.length, 8);
  else bytes.writeUInt32LE(declared ?? text.length, 8);
  text.copy(bytes, start);
  bytes.set(data, start + text.length);
  return bytes;
}
const bytesOf = (data: NpyData): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const header = (descr: string, shape: string, order = 'False'): string =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`;

const values: Record<NpyDtype, NpyData> = {
  '<f2': Float32Array.of(1, -2.5, 0.0999755859375, 65504, 0, Number.NEGATIVE_INFINITY),
  '<f4': Float32Array.of(1.5, -2, 3e-40, 4, 5, 6),
  '<f8': Float64Array.of(Math.PI, -2, 3, 4, 5, 6),
  '|i1': Int8Array.of(-128, 127, 0, 1, 2, 3),
  '<i2': Int16Array.of(-32768, 2, 3, 4, 5, 6),
  '<i4': Int32Array.of(-(2 ** 31), 2, 3, 4, 5, 6),
  '<i8': BigInt64Array.of(-(2n ** 63n), 2n, 3n, 4n, 5n, 6n),
  '|u1': Uint8Array.of(255, 2, 3, 4, 5, 6),
  '<u2': Uint16Array.of(65535, 2, 3, 4, 5, 6),
  '<u4': Uint32Array.of(2 ** 32 - 1, 2, 3, 4, 5, 6),
  '<u8': BigUint64Array.of(2n ** 64n - 1n, 2n, 3n, 4n, 5n, 6n),
  '|b1': Uint8Array.of(0, 1, 1, 0, 0, 1),
  '<c8': Float32Array.of(1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6),
  '<c16': Float64Array.of(1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6),
};

describe('npy', () => {
  it.each(NPY_DTYPES)('round-trips %s', async (dtype) => {
    const data = values[dtype];
    for (const shape of [[6], [2, 3], [1, 3, 2, 1]]) {
      await writeNpy(path, { dtype, shape, data });
      expect(await readNpy(path)).toEqual({ dtype, shape, data });
    }
    expect(await readdir(directory)).toEqual(['x.npy']);
  });

  it('takes the type from the array, writes scalars and empty arrays, and starts the values at a multiple of 64', async () => {
    await writeNpy(path, { shape: [], data: Float64Array.of(7) });
    expect(await readNpy(path)).toEqual({ dtype: '<f8', shape: [], data: Float64Array.of(7) });
    await writeNpy(path, { shape: [3, 0], data: new Uint8Array(0) });
    expect(await readNpy(path)).toEqual({ dtype: '|u1', shape: [3, 0], data: new Uint8Array(0) });
    expect((await readFile(path)).length % 64).toBe(0);
  });

  it('writes what numpy writes', async () => {
    await writeNpy(path, { shape: [2], data: Float32Array.of(1, 2) });
    const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }`;
    const expected = npy(text.padEnd(117), bytesOf(Float32Array.of(1, 2)));
    expect((await readFile(path)).equals(expected)).toBe(true);
  });

  it.each([1, 2, 3])('reads version %i, keys in any order, either quote, long integers', async (version) => {
    const text = `{"shape": (2L, 3),'fortran_order':False , 'descr': '<i4'}`;
    expect(await readNpy(npy(text, bytesOf(values['<i4']), version))).toEqual({
      dtype: '<i4',
      shape: [2, 3],
      data: values['<i4'],
    });
  });

  it('turns Fortran order into row-major order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }), async (shape) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const fortran = new Int32Array(size);
        for (let n = 0; n < size; n++) {
          let rest = n;
          const index = shape.map(() => 0);
          for (let axis = shape.length - 1; axis >= 0; axis--) {
            index[axis] = rest % (shape[axis] ?? 1);
            rest = Math.floor(rest / (shape[axis] ?? 1));
          }
          fortran[shape.reduceRight((at, side, axis) => at * side + (index[axis] ?? 0), 0)] = n;
        }
        const sides = shape.map((side) => `${side},`).join(' ');
        const read = await readNpy(npy(header('<i4', sides, 'True'), bytesOf(fortran)));
        expect(read).toEqual({ dtype: '<i4', shape, data: Int32Array.from({ length: size }, (_, i) => i) });
      }),
    );
  });

  const four = new Uint8Array(4);
  const broken: [string, Uint8Array, string, RegExp][] = [
    ['nothing', new Uint8Array(0), 'not-npy', /NUMPY/],
    ['a file of another kind', Buffer.from('\u0089PNG\r\n\u001a\n123', 'latin1'), 'other-kind', /a picture \(PNG\)/],
    [
      'bytes of no kind',
      Buffer.from('\u0000\u0001\u0002\u0003456789abc', 'latin1'),
      'other-kind',
      /a file of another kind\. Check/,
    ],
    [
      'two arrays',
      Buffer.concat([npy(header('<f4', '1,'), four), npy(header('<f4', '1,'), four)]),
      'trailing-bytes',
      /got another after it, from byte 72/,
    ],
    ['version 4', npy(header('<f4', '1,'), four, 4), 'version', /got 4/],
    ['a header longer than the file', npy(header('<f4', '1,'), four, 1, 999), 'header-length', /got 999/],
    ['a header of 4 GiB', npy(header('<f4', '1,'), four, 2, 2 ** 32 - 1), 'header-length', /4294967295/],
    ['a cut length', npy(header('<f4', '1,'), four, 2).subarray(0, 11), 'truncated', /the end/],
    ['text', npy('hello', four), 'header-text', /other text/],
    [
      'code',
      npy(`{'descr': __import__('os'), 'fortran_order': False, 'shape': (1,)}`, four),
      'header-text',
      /other text/,
    ],
    ['a missing key', npy(`{'descr': '<f4', 'shape': (1,)}`, four), 'header-text', /other text/],
    [
      'a key twice',
      npy(`{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}`, four),
      'header-text',
      /./,
    ],
    ['a negative side', npy(header('<f4', '-1,'), four), 'header-text', /./],
    ['an endless side', npy(header('<f4', '9'.repeat(30)), four), 'shape', /2\^53/],
    ['65 axes', npy(header('<f4', '1, '.repeat(65)), four), 'shape', /64 sides/],
    ['objects', npy(header('|O', '1,'), four), 'dtype', /Python objects/],
    [
      'records',
      npy(`{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}`, four),
      'dtype',
      /records of the fields a/,
    ],
    ['text values', npy(header('<U1', '1,'), four), 'dtype', /<U1/],
    ['cut values', npy(header('<f4', '2,'), four), 'truncated', /8 bytes of values for <f4 \(2\), got 4/],
    ['extra values', npy(header('<f4', ''), new Uint8Array(5)), 'trailing-bytes', /got 5/],
    ['a shape past the memory', npy(header('<f8', '9007199254740991, 9007199254740991'), four), 'truncated', /got 4/],
  ];
  it.each(broken)('refuses %s', async (_, bytes, code, text) => {
    const read = readNpy(bytes);
    await expect(read).rejects.toBeInstanceOf(NpyParseError);
    await expect(read).rejects.toMatchObject({ code, file: '<bytes>' });
    await expect(read).rejects.toThrow(text);
  });

  it('refuses to write what does not fit', async () => {
    await expect(writeNpy(path, { shape: [2], data: Float32Array.of(1) })).rejects.toThrow(
      /shape of 1 values, got \[2\]/,
    );
    await expect(writeNpy(path, { dtype: '<i4', shape: [1], data: Float32Array.of(1) })).rejects.toThrow(
      /<i4, got Float32Array/,
    );
    // NumPy's short names are not what a file says.
    const short = { dtype: 'f4' as '<f4', shape: [1], data: Float32Array.of(1) };
    await expect(writeNpy(path, short)).rejects.toThrow(/expected dtype <f2, <f4.*got f4/);
  });
});

describe('npz', () => {
  const zip = async (members: Record<string, Uint8Array>, compress = true): Promise<Buffer> => {
    const file = new yazl.ZipFile();
    for (const [name, bytes] of Object.entries(members)) file.addBuffer(Buffer.from(bytes), name, { compress });
    file.end();
    return buffer(file.outputStream);
  };

  it.each(['stats-tiny', 'stats-tiny-deflated'])('reads golden %s (numpy forces ZIP64)', async (name) => {
    const golden = readGolden('stats-tiny');
    const arrays = await readNpz(goldenPath(`${name}.npz`));
    expect(Object.keys(arrays)).toEqual(['mu', 'sigma']);
    for (const [key, array] of Object.entries(arrays)) {
      const { shape, data } = golden.get(`fid.${key}`);
      expect(array).toEqual({ dtype: '<f8', shape, data });
    }
    expect(await readNpz(await readFile(goldenPath(`${name}.npz`)))).toEqual(arrays);
  });

  it('refuses damage in any byte that matters, naming the member', async () => {
    const array = npy(header('<f4', '2,'), bytesOf(Float32Array.of(1, 2)));
    const good = await zip({ 'a.npy': array }, false);
    expect((await readNpz(good))['a']?.data).toEqual(Float32Array.of(1, 2));
    const at = good.indexOf(array) + array.length - 1;
    const bad = Buffer.from(good);
    bad.writeUInt8(bad.readUInt8(at) ^ 1, at);
    await expect(readNpz(bad)).rejects.toMatchObject({ code: 'crc', field: 'a.npy' });
    for (let length = 0; length < good.length; length += 7) {
      await expect(readNpz(good.subarray(0, length))).rejects.toBeInstanceOf(NpyParseError);
    }
    const deflated = await zip({ 'a.npy': npy(header('<f8', '1000,'), new Uint8Array(8000)) });
    for (let byte = 30; byte < deflated.length; byte += 3) {
      const flipped = Buffer.from(deflated);
      flipped.writeUInt8(flipped.readUInt8(byte) ^ 16, byte);
      const read = await readNpz(flipped).catch((error: unknown) => error);
      // Dates and attributes may change unnoticed; values may not.
      if (!(read instanceof NpyParseError)) {
        expect(Object.values(read as Awaited<ReturnType<typeof readNpz>>)).toEqual([
          { dtype: '<f8', shape: [1000], data: new Float64Array(1000) },
        ]);
      }
    }
  });

  it('stops at the size limit before inflating', async () => {
    const bomb = await zip({ 'a.npy': npy(header('|u1', '1000000,'), new Uint8Array(1e6)) });
    await expect(readNpz(bomb, { maxBytes: 1e5 })).rejects.toMatchObject({ code: 'too-large', field: 'a.npy' });
  });

  it('reads streamed archives, whose sizes follow the data', async () => {
    const file = new yazl.ZipFile();
    const array = Buffer.from(npy(header('<f4', '2,'), bytesOf(Float32Array.of(1, 2))));
    for (const [name, compress] of [
      ['a.npy', true],
      ['b.npy', false],
    ] as const)
      file.addReadStream(Readable.from([array]), name, { compress });
    file.end();
    const streamed = await buffer(file.outputStream);
    expect(streamed.readUInt16LE(6) & 8).toBe(8);
    const arrays = await readNpz(streamed);
    expect(Object.values(arrays).map(({ data }) => [...data])).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('refuses an archive that is not at one with itself', async () => {
    const array = npy(header('<f4', '2,'), bytesOf(Float32Array.of(1, 2)));
    const good = await zip({ 'a.npy': array, 'b.npy': array }, false);
    const central = good.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    const end = good.indexOf(Buffer.from([0x50, 0x4b, 5, 6]));
    const changed = (change: (bytes: Buffer) => void): Buffer => {
      const bytes = Buffer.from(good);
      change(bytes);
      return bytes;
    };
    const fails = async (bytes: Buffer, code: string, text: RegExp) => {
      for (const source of [bytes, join(directory, 'changed.npz')]) {
        if (typeof source === 'string') await writeFile(source, bytes);
        await expect(readNpz(source)).rejects.toMatchObject({ code });
        await expect(readNpz(source)).rejects.toThrow(text);
      }
    };
    const rename = (bytes: Buffer) => {
      for (let at = bytes.indexOf('b.npy'); at >= 0; at = bytes.indexOf('b.npy')) bytes.write('a.npy', at);
    };
    await fails(changed(rename), 'duplicate-name', /two entries named a\.npy/);
    await fails(await zip({ a: array, 'a.npy': array }), 'duplicate-name', /a twice/);
    await fails(
      changed((bytes) => bytes.write('c.npy', 30)),
      'zip',
      /bears another name/,
    );
    await fails(
      changed((bytes) => bytes.writeUInt16LE(12, central + 10)),
      'zip',
      /compression method/,
    );
    await fails(
      changed((bytes) => {
        for (const at of [18, 22, central + 20, central + 24]) bytes.writeUInt32LE(0xffffff, at);
      }),
      'zip',
      /past the end/,
    );
    await fails(
      changed((bytes) => {
        for (const at of [end + 8, end + 10]) bytes.writeUInt16LE(1, at);
      }),
      'zip',
      /more entries than/,
    );
    const deflated = await zip({ 'a.npy': npy(header('<f8', '1000,'), new Uint8Array(8000)) });
    const directoryAt = deflated.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    const locked = Buffer.from(deflated);
    locked.writeUInt16LE(locked.readUInt16LE(directoryAt + 8) | 1, directoryAt + 8);
    await fails(locked, 'zip', /encrypted/);
    for (const at of [22, directoryAt + 24]) deflated.writeUInt32LE(80, at);
    await fails(deflated, 'zip', /larger than|inflates? to/);
  });

  it('names the member of a bad array, and passes the system’s errors on', async () => {
    const bad = await zip({
      'ok.npy': npy(header('<f4', ''), new Uint8Array(4)),
      'bad.npy': npy(header('|S0x', ''), new Uint8Array(4)),
    });
    const arrays = await readNpz(bad);
    expect(arrays['ok']?.data).toEqual(new Float32Array(1));
    expect(Object.keys(arrays)).toEqual(['ok', 'bad']);
    expect(() => arrays['bad']).toThrow(expect.objectContaining({ code: 'dtype', file: '<bytes>:bad.npy' }));
    await expect(readNpz(join(directory, 'none.npz'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(readNpz(await readFile(goldenPath('stats-tiny.safetensors')))).rejects.toThrow(
      'expected an npz archive, got a safetensors file. Open it as what it is',
    );
  });
});

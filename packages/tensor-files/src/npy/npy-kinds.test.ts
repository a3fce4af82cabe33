import { constants } from 'node:buffer';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NpyParseError, openNpy, openNpz, readNpy, readNpz, writeNpy } from '@edm2/tensor-files';
import { goldenPath } from '@edm2/test-support';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { parsePythonLiteral } from './python-literal.js';

const folder = await mkdtemp(join(tmpdir(), 'npy-kinds-'));
afterAll(() => rm(folder, { recursive: true }));

/** An npy file of a header's text. */
function npy(descr: string, shape: string, data: Uint8Array, order = 'False'): Buffer {
  const text = Buffer.from(`{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`);
  const head = Buffer.from('\x93NUMPY\x01\x00  ', 'latin1');
  head.writeUInt16LE(text.length, 8);
  return Buffer.concat([head, text, data]);
}
const big = (bytes: Uint8Array, width: number): Buffer => {
  const buffer = Buffer.from(bytes);
  return width === 2 ? buffer.swap16() : width === 4 ? buffer.swap32() : width === 8 ? buffer.swap64() : buffer;
};
const bytesOf = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

describe('types by whatever name', () => {
  const f4 = Float32Array.of(1.5, -2);
  const i2 = Int16Array.of(1, -2);
  it.each([
    ...['<f4', '=f4', '|f4', 'f4', 'f', '<f', 'float32'].map((name) => [name, '<f4', f4] as const),
    ...['<i2', '=i2', 'i2', 'h', '|i2', 'int16'].map((name) => [name, '<i2', i2] as const),
    ...['|u1', '<u1', '>u1', '=u1', 'u1', 'B', 'uint8'].map((name) => [name, '|u1', Uint8Array.of(1, 255)] as const),
    ...['|i1', '<i1', 'b', 'int8'].map((name) => [name, '|i1', Int8Array.of(1, -1)] as const),
    ...['?', '|?', '|b1', '<b1', 'b1', 'bool'].map((name) => [name, '|b1', Uint8Array.of(0, 1)] as const),
    ...['<i8', 'q', 'l', 'int64'].map((name) => [name, '<i8', BigInt64Array.of(1n, -1n)] as const),
    ...['<c8', 'F', '=c8', 'complex64'].map((name) => [name, '<c8', Float32Array.of(1, 2, 3, 4)] as const),
    ...['<c16', 'D'].map((name) => [name, '<c16', Float64Array.of(1, 2, 3, 4)] as const),
  ])('%s', async (name, dtype, data) => {
    expect(await readNpy(npy(`'${name}'`, '(2,)', bytesOf(data)))).toEqual({ dtype, shape: [2], data });
  });

  it.each([
    ['>f2', '<f2', Uint16Array.of(0x3c00, 0xc000), Float32Array.of(1, -2), 2],
    ['>f4', '<f4', f4, f4, 4],
    ['>f8', '<f8', Float64Array.of(1.5, -2), Float64Array.of(1.5, -2), 8],
    ['>i2', '<i2', i2, i2, 2],
    ['>u4', '<u4', Uint32Array.of(1, 2 ** 31), Uint32Array.of(1, 2 ** 31), 4],
    ['>i8', '<i8', BigInt64Array.of(1n, -1n), BigInt64Array.of(1n, -1n), 8],
    ['>c8', '<c8', Float32Array.of(1, 2, 3, 4), Float32Array.of(1, 2, 3, 4), 4],
    ['>c16', '<c16', Float64Array.of(1, 2, 3, 4), Float64Array.of(1, 2, 3, 4), 8],
  ] as const)('%s, big-endian', async (name, dtype, stored, data, width) => {
    const bytes = npy(`'${name}'`, '(2,)', big(bytesOf(stored), width));
    expect(await readNpy(bytes)).toEqual({ dtype, shape: [2], data });
  });

  it('complex numbers in Fortran order keep their parts together', async () => {
    const stored = Float32Array.of(0, 0.5, 3, 3.5, 1, 1.5, 4, 4.5, 2, 2.5, 5, 5.5);
    const { data } = await readNpy(npy(`'<c8'`, '(2, 3)', bytesOf(stored), 'True'));
    expect(data).toEqual(Float32Array.of(0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5));
  });

  it.each([
    [`'<f16'`, /long doubles \(<f16\)\. Save them as float64/],
    [`'<c32'`, /long complex numbers/],
    [`'<M8[ns]'`, /dates or times \(<M8\[ns\]\)\. Save them as integers/],
    [`'|O'`, /Python objects\. Save plain numbers/],
    [`'|V2'`, /bfloat16 is stored\. Save them as float32/],
    [`'|V16'`, /bytes without a type/],
    [`'<U5'`, /texts \(<U5\)\. Save numbers alone/],
    [`[('a', '<f4'), ('b', [('c', '<i4', (2, 3))])]`, /records of the fields a, b\. Save each field/],
    [`'<x4'`, /got <x4\. Convert the array/],
    ['3', /got another value/],
  ])('%s is refused in words', async (descr, words) => {
    await expect(readNpy(npy(descr, '(1,)', new Uint8Array(16)))).rejects.toThrow(words);
  });
});

describe('literals of Python', () => {
  it.each<[string, unknown]>([
    [
      '{"a": (1, 2L,), \'b\': [True, None], }',
      new Map<unknown, unknown>([
        ['a', [1, 2]],
        ['b', [true, null]],
      ]),
    ],
    ['()', []],
    ['(3)', 3],
    ['(3,)', [3]],
    [" 'it\\'s' ", "it's"],
    ['(1, 2', undefined],
    ['(1 2)', undefined],
    ["{'a': 1, 'a': 2}", undefined],
    ['1 2', undefined],
    [`${'('.repeat(100)}`, undefined],
    ['', undefined],
  ])('%j', (text, value) => {
    expect(parsePythonLiteral(text)).toEqual(value);
  });

  it('end for any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...`{}[](),:'"\\ 0Lu-`) }),
        (text) => void parsePythonLiteral(text),
      ),
      { seed: 11 },
    );
  });
});

describe.each(['npz-kinds', 'npz-kinds-deflated'])('%s: members that are no numbers', (name) => {
  const path = goldenPath(`${name}.npz`);
  const isAll = name === 'npz-kinds';

  it('leave the others to be read', async () => {
    for (const source of [path, await readFile(path)]) {
      const arrays = await readNpz(source);
      const a = Float64Array.of(0, 1, 2, 3, 4, 5);
      expect(arrays['mu']).toEqual({ dtype: '<f8', shape: [3], data: Float64Array.of(0, 1, 2) });
      expect(arrays['sigma']).toEqual({ dtype: '<f8', shape: [2, 3], data: a });
      expect(arrays['big']).toEqual({ dtype: '<f4', shape: [2, 3], data: Float32Array.from(a) });
      expect(arrays['fortran']).toEqual({ dtype: '<f8', shape: [2, 3], data: a });
      expect(arrays['complex']).toEqual({ dtype: '<c8', shape: [2], data: Float32Array.of(1, 2, 3, -4) });
      expect(arrays['complexbig']?.data).toEqual(Float64Array.of(1, 2));
      expect(arrays['bools']?.data).toEqual(Uint8Array.of(1, 0));
      expect(arrays['zero']).toEqual({ dtype: '<i4', shape: [], data: Int32Array.of(7) });
      expect(arrays['arr_0']).toEqual({
        dtype: '|u1',
        shape: [2, 2, 2, 3],
        data: Uint8Array.from({ length: 24 }, (_, i) => i),
      });
      expect(arrays['arr_1']?.data).toEqual(BigInt64Array.of(3n, 1n));
      expect(Object.keys(arrays)).toContain('names');
      for (const [member, words] of [
        ['names', /texts \(<U3\)/],
        ['records', /records of the fields a, b/],
        ['dates', /dates/],
        ['long', /long doubles/],
      ] as const)
        expect(() => arrays[member], member).toThrow(words);
      if (isAll) {
        expect(() => arrays['objects']).toThrow(NpyParseError);
        expect(() => arrays['readme.txt']).toThrow(/NUMPY/);
        expect(Object.keys(arrays).some((key) => key.includes('MACOSX'))).toBe(false);
      }
    }
  });

  it('are described, and texts are read as such', async () => {
    const file = await openNpz(path);
    expect(file.entries.get('names')).toMatchObject({
      dtype: undefined,
      descr: '<U3',
      shape: [2],
      problem: { code: 'dtype' },
    });
    expect(file.entries.get('arr_0')).toMatchObject({ dtype: '|u1', shape: [2, 2, 2, 3], problem: undefined });
    expect(await file.readTexts('names')).toEqual(['cat', 'dög']);
    expect(await file.readTexts('raw')).toEqual(['ab', 'c']);
    await expect(file.readTexts('mu')).rejects.toThrow('expected an array of texts, got <f8');
    await expect(file.read('records')).rejects.toThrow(/records/);
    await expect(file.read('none')).rejects.toThrow('expected an array of');
    await file.verify();
    await file.close();
    await file.close();
    await expect(file.read('mu')).rejects.toThrow('to be open');
  });

  it('pieces are those of the whole, and Fortran order has none', async () => {
    const file = await openNpz(path);
    for (const chunkBytes of [1, 5, 100]) {
      const pieces: number[] = [];
      for await (const piece of file.chunks('arr_0', { chunkBytes })) {
        expect(piece.length).toBeLessThanOrEqual(chunkBytes);
        pieces.push(...(piece as Uint8Array));
      }
      expect(pieces).toEqual(Array.from({ length: 24 }, (_, i) => i));
    }
    const pieces: number[] = [];
    for await (const piece of file.chunks('big', { chunkBytes: 8 })) pieces.push(...(piece as Float32Array));
    expect(pieces).toEqual([0, 1, 2, 3, 4, 5]);
    await expect(file.chunks('fortran').next()).rejects.toThrow(
      'expected an array in C order, got one in Fortran order',
    );
    await expect(file.chunks('big', { chunkBytes: 3 }).next()).rejects.toThrow('chunkBytes of at least 4, got 3');
    await expect(file.chunks('names').next()).rejects.toThrow(/texts/);
    await expect(file.chunks('arr_0', { signal: AbortSignal.abort(new Error('stop')) }).next()).rejects.toThrow('stop');
    await file.close();
  });
});

describe('an npz', () => {
  it('of scipy is read, its format as a text', async () => {
    const file = await openNpz(goldenPath('scipy-sparse.npz'));
    expect(await file.readTexts('format')).toEqual(['csr']);
    expect((await file.read('data')).data).toEqual(Float64Array.of(1, 1, 1));
    expect((await file.read('shape')).data).toEqual(BigInt64Array.of(3n, 3n));
    await file.close();
  });

  it('that is another zip is named', async () => {
    await expect(readNpz(goldenPath('state-dict.pth'))).rejects.toThrow(
      'expected an npz archive, got a PyTorch checkpoint. Open it as what it is: its name should end in .pt.',
    );
    await expect(readNpz(goldenPath('dataset-tiny-rgb.zip'))).rejects.toThrow(
      /expected an npz archive, got a zip of .*\. Unpack it first/,
    );
  });

  it('with a changed byte is damaged, in members of other kinds too', async () => {
    const bytes = await readFile(goldenPath('npz-kinds.npz'));
    for (const word of ["'<U3'", "'|O'", 'NUMPY', 'hello']) {
      const changed = Buffer.from(bytes);
      const at = changed.indexOf(word) + 2;
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(readNpz(changed), word).rejects.toMatchObject({ code: 'crc' });
    }
  });
});

describe('openNpy', () => {
  it('reads the whole, ranges and pieces', async () => {
    const path = join(folder, 'a.npy');
    await writeNpy(path, { shape: [2, 3], data: Float64Array.of(0, 1, 2, 3, 4, 5) });
    const file = await openNpy(path);
    expect([file.dtype, file.shape]).toEqual(['<f8', [2, 3]]);
    expect(await file.readRange(2, 5)).toEqual(Float64Array.of(2, 3, 4));
    const pieces: number[] = [];
    for await (const piece of file.chunks({ chunkBytes: 32 })) pieces.push(...(piece as Float64Array));
    expect(pieces).toEqual([0, 1, 2, 3, 4, 5]);
    await expect(file.readRange(2, 7)).rejects.toThrow('expected 0 ≤ begin ≤ end ≤ 6, got [2, 7)');
    await file.close();
    await expect(file.read()).rejects.toThrow('to be open');
    await writeFile(path, npy(`'<f4'`, '(2, 2)', new Uint8Array(16), 'True'));
    const fortran = await openNpy(path);
    await expect(fortran.readRange(0, 1)).rejects.toThrow('Fortran order');
    expect((await fortran.read()).shape).toEqual([2, 2]);
    await truncate(path, 84);
    await expect(fortran.read()).rejects.toThrow('the file became shorter while it was open');
    await fortran.close();
  });

  const bytes = constants.MAX_LENGTH + 8;
  it.runIf(bytes < 2 ** 40)('reads parts of what no array can hold', async () => {
    const path = join(folder, 'large.npy');
    const head = npy(`'<f4'`, `(${bytes / 4},)`, new Uint8Array());
    await writeFile(path, head);
    await truncate(path, head.length + bytes); // a hole, which takes no room
    await expect(readNpy(path)).rejects.toThrow(
      `readNpy: expected no more bytes than Node.js can hold at once, got ${bytes} for ${path}. Read it piece by piece: openNpy and its chunks.`,
    );
    const file = await openNpy(path);
    for await (const piece of file.chunks()) {
      expect(piece).toHaveLength(1 << 20);
      break;
    }
    await file.close();
  });
});

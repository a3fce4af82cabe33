import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createSafetensorsWriter,
  DTYPES,
  type Dtype,
  readSafetensors,
  type SafetensorsFile,
  type Tensor,
  type TensorInput,
  toFloat32,
  writeSafetensors,
} from '@edm2/tensor-files';
import { goldenPath, readGolden } from '@edm2/test-support';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let directory = '';
let path = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensor-files-'));
  path = join(directory, 'x.safetensors');
});
afterEach(() => rm(directory, { recursive: true }));

async function use<T>(work: (file: SafetensorsFile) => Promise<T>): Promise<T> {
  const file = await readSafetensors(path);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}
const readAll = (): Promise<Record<string, Tensor>> =>
  use(async (file) =>
    Object.fromEntries(await Promise.all(file.names.map(async (name) => [name, await file.read(name)] as const))),
  );

const ARRAYS = {
  F16: Uint16Array,
  BF16: Uint16Array,
  F32: Float32Array,
  F64: Float64Array,
  I8: Int8Array,
  I16: Int16Array,
  I32: Int32Array,
  I64: BigInt64Array,
  U8: Uint8Array,
  U16: Uint16Array,
  U32: Uint32Array,
  U64: BigUint64Array,
  BOOL: Uint8Array,
  F8_E4M3: Uint8Array,
  F8_E5M2: Uint8Array,
  F8_E4M3FNUZ: Uint8Array,
  F8_E5M2FNUZ: Uint8Array,
  F8_E8M0: Uint8Array,
  F6_E2M3: Uint8Array,
  F6_E3M2: Uint8Array,
  F4: Uint8Array,
  C32: Uint16Array,
  C64: Float32Array,
  C128: Float64Array,
} satisfies Record<Dtype, unknown>;

/** Bits of an element where the array's numbers are not elements. */
const BITS: Partial<Record<Dtype, number>> = { F4: 4, F6_E2M3: 6, F6_E3M2: 6, C64: 64 };

/** A tensor of random bits: every bit pattern must survive. */
const tensors: fc.Arbitrary<Tensor> = fc
  .record({ dtype: fc.constantFrom(...DTYPES), shape: fc.array(fc.nat({ max: 4 }), { maxLength: 4 }) })
  .chain(({ dtype, shape }) => {
    const kind = ARRAYS[dtype];
    // Packed elements must fill whole bytes.
    const whole = dtype === 'F4' || dtype.startsWith('F6') ? [...shape, 4] : shape;
    const bits = BITS[dtype] ?? 8 * kind.BYTES_PER_ELEMENT;
    const length = whole.reduce((a, b) => a * b, bits / 8);
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes) => ({ dtype, shape: whole, data: new kind(bytes.slice().buffer) }));
  });

const bytesOf = ({ dtype, shape, data }: Tensor) => ({
  dtype,
  shape,
  kind: data.constructor.name,
  bytes: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex'),
});

describe('round trips', () => {
  it('keeps every name, type, shape, bit and text field', async () => {
    const names = fc.string({ unit: 'binary' }).filter((name) => name !== '__metadata__');
    const text = fc.string({ unit: 'binary' });
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(names, tensors, { maxKeys: 6 }),
        fc.dictionary(text, text, { maxKeys: 3 }),
        fc.boolean(),
        async (dict, metadata, checksum) => {
          fc.pre(!Object.hasOwn(metadata, 'checksum'));
          await writeSafetensors(path, dict, metadata, { checksum });
          await use(async (file) => {
            expect({ ...file.metadata }).toEqual({ ...metadata });
            expect([...file.names].sort()).toEqual(Object.keys(dict).sort());
            for (const [name, tensor] of Object.entries(dict))
              expect(bytesOf(await file.read(name))).toEqual(bytesOf(tensor));
            expect(await file.verify()).toBe(checksum);
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each(['ops', 'phema', 'unet-latent'])('reads golden %s as the independent reader does', async (name) => {
    const golden = readGolden(name);
    path = goldenPath(`${name}.safetensors`);
    const read = await readAll();
    expect(Object.keys(read).sort()).toEqual([...golden.names].sort());
    for (const key of golden.names) {
      const { shape, data } = golden.get(key);
      const tensor = read[key];
      expect(tensor?.shape).toEqual(shape);
      expect(tensor?.data.constructor).toBe(data.constructor);
      const bits = new Uint8Array(tensor?.data.buffer ?? new ArrayBuffer(0));
      expect(Buffer.compare(bits, new Uint8Array(data.buffer)), key).toBe(0);
    }
    await use(async (file) => {
      expect(file.metadata).toEqual(golden.metadata);
      expect(await file.verify()).toBe(false);
    });
  });

  it('what it writes, the independent reader reads; tensors begin at multiples of their width', async () => {
    const odd = { data: Uint8Array.of(1, 2, 3), shape: [3] };
    const wide = { data: Float64Array.of(1.5, -2), shape: [2, 1] };
    await writeSafetensors(path, { odd, wide }, { note: 'é' });
    const bytes = await readFile(path);
    const length = Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + length));
    expect(header).toEqual({
      __metadata__: { checksum: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), note: 'é' },
      wide: { dtype: 'F64', shape: [2, 1], data_offsets: [0, 16] },
      odd: { dtype: 'U8', shape: [3], data_offsets: [16, 19] },
    });
    expect(length % 8).toBe(0);
    expect(bytes.readDoubleLE(8 + length + 8)).toBe(-2);
    expect(bytes.length).toBe(8 + length + 19);
  });

  it('takes functions, async functions, pieces and sequences, one tensor at a time', async () => {
    const made: string[] = [];
    const lazy = (name: string, data: TensorInput['data']) => ({ name, shape: [4], dtype: 'F32' as const, data });
    async function* sequence() {
      yield lazy('a', () => {
        made.push('a');
        return Float32Array.of(1, 2, 3, 4);
      });
      yield lazy('b', async () => {
        made.push('b');
        return [Float32Array.of(1), Float32Array.of(2, 3), Float32Array.of(4)];
      });
      yield lazy('c', async function* () {
        made.push('c');
        yield Float32Array.of(5, 6);
        yield Float32Array.of(7, 8);
      });
      expect(made).toEqual([]);
    }
    await writeSafetensors(path, sequence());
    expect(made).toEqual(['a', 'b', 'c']);
    const read = await readAll();
    expect(read['b']?.data).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(read['c']?.data).toEqual(Float32Array.of(5, 6, 7, 8));
  });

  it('rounds float32 values into F16 and BF16 tensors', async () => {
    const data = Float32Array.of(1, 0.1, 65504, -3e38);
    await writeSafetensors(path, { h: { dtype: 'F16', shape: [4], data }, b: { dtype: 'BF16', shape: [4], data } });
    await use(async (file) => {
      expect((await file.read('h')).dtype).toBe('F16');
      expect([...(await file.readFloat32('h')).data]).toEqual([1, 0.0999755859375, 65504, Number.NEGATIVE_INFINITY]);
      const { data: b } = await file.readFloat32('b');
      for (const [i, x] of data.entries()) expect(Math.abs((b[i] ?? 0) - x)).toBeLessThanOrEqual(Math.abs(x) / 256);
    });
  });
});

describe('reading in parts', () => {
  it('chunks and ranges put together are the tensor', async () => {
    const data = Float32Array.from({ length: 1001 }, (_, i) => i);
    await writeSafetensors(path, { before: { shape: [1], data: Uint8Array.of(7) }, w: { shape: [7, 11, 13], data } });
    await use(async (file) => {
      const parts: number[][] = [];
      for await (const part of file.chunks('w', { chunkBytes: 402 })) parts.push([...(part as Float32Array)]);
      expect(parts.map((part) => part.length)).toEqual([...new Array<number>(10).fill(100), 1]);
      expect(parts.flat()).toEqual([...data]);
      expect(await file.readRange('w', 500, 503)).toEqual(Float32Array.of(500, 501, 502));
      expect(await file.readRange('w', 5, 5)).toHaveLength(0);
      await expect(file.readRange('w', 1000, 1002)).rejects.toThrow(/1001 in w, got \[1000, 1002\)/);
      await expect(file.readRange('w', -1, 2)).rejects.toThrow(RangeError);
      await expect(file.chunks('w', { chunkBytes: 3 }).next()).rejects.toThrow(/at least 4, got 3/);
      await expect(file.read('nothing')).rejects.toThrow(/"nothing"/);
      const signal = AbortSignal.abort(new Error('enough'));
      await expect(file.chunks('w', { signal }).next()).rejects.toThrow('enough');
      await expect(file.verify({ signal })).rejects.toThrow('enough');
    });
  });

  it('refuses to read after close, and closes twice without harm', async () => {
    await writeSafetensors(path, { w: { shape: [], data: Float32Array.of(1) } });
    const file = await readSafetensors(path);
    await file.close();
    await file.close();
    await expect(file.read('w')).rejects.toThrow(/closed/);
  });

  it('reports a file that shrinks while it is open', async () => {
    await writeSafetensors(path, { w: { shape: [4], data: new Float32Array(4) } });
    await use(async (file) => {
      await truncate(path, (await readFile(path)).length - 6);
      await expect(file.read('w')).rejects.toMatchObject({ code: 'truncated', field: 'w' });
    });
  });
});

describe('writing leaves nothing half-written', () => {
  const good = { w: { shape: [2], data: Float32Array.of(1, 2) } };
  const failures: [string, () => Promise<void>, RegExp][] = [
    [
      'too few',
      () => writeSafetensors(path, { w: { shape: [3], data: Float32Array.of(1) } }),
      /3 values for w \[3\], got 1/,
    ],
    [
      'too few made',
      () => writeSafetensors(path, { w: { dtype: 'F32', shape: [3], data: () => Float32Array.of(1) } }),
      /3 values of w, got 1/,
    ],
    [
      'too many made',
      () => writeSafetensors(path, { w: { dtype: 'F32', shape: [], data: () => new Float32Array(2) } }),
      /\[\] values for w, got 2/,
    ],
    [
      'a wrong type',
      () => writeSafetensors(path, { w: { dtype: 'I32', shape: [1], data: Float32Array.of(1) } }),
      /I32 values for w, got Float32Array/,
    ],
    [
      'no type',
      () => writeSafetensors(path, { w: { shape: [1], data: () => Float32Array.of(1) } }),
      /w to have a dtype/,
    ],
    ['a bad shape', () => writeSafetensors(path, { w: { dtype: 'F32', shape: [-1], data: () => [] } }), /\[-1\]/],
    ['a reserved name', () => writeSafetensors(path, { __metadata__: good.w }), /other than __metadata__/],
    [
      'a name twice',
      () =>
        writeSafetensors(path, [
          { name: 'w', ...good.w },
          { name: 'w', ...good.w },
        ]),
      /w twice/,
    ],
    ['metadata of numbers', () => writeSafetensors(path, good, { n: 1 as unknown as string }), /metadata\.n .* number/],
    ['metadata with the checksum key', () => writeSafetensors(path, good, { checksum: '1' }), /without checksum/],
    [
      'a failing producer',
      () =>
        writeSafetensors(path, {
          ...good,
          z: {
            dtype: 'F32',
            shape: [9],
            data: async function* () {
              yield new Float32Array(4);
              throw new Error('lost');
            },
          },
        }),
      /lost/,
    ],
    ['a missing folder', () => writeSafetensors(join(directory, 'no', 'such', 'folder'), good), /ENOENT/],
    [
      'an abort',
      () => writeSafetensors(path, good, {}, { signal: AbortSignal.abort(new Error('stopped')) }),
      /stopped/,
    ],
  ];
  it.each(failures)('%s', async (_, write, text) => {
    await writeFile(path, 'what was there');
    await expect(write()).rejects.toThrow(text);
    expect(await readdir(directory)).toEqual(['x.safetensors']);
    expect(await readFile(path, 'utf8')).toBe('what was there');
  });

  it('an abort between two pieces', async () => {
    const stop = new AbortController();
    const data = async function* () {
      yield Float32Array.of(1);
      stop.abort(new Error('stopped'));
      yield Float32Array.of(2);
    };
    const write = writeSafetensors(path, { w: { dtype: 'F32', shape: [2], data } }, {}, { signal: stop.signal });
    await expect(write).rejects.toThrow('stopped');
    expect(await readdir(directory)).toEqual([]);
  });

  it('compares what was written with what is under the name, and leaves that alone', async () => {
    const specs = { w: { dtype: 'F32', shape: [300_000] } } as const;
    const values = Float32Array.from({ length: 300_000 }, (_, i) => i);
    const begin = async (data: Float32Array) => {
      const writer = await createSafetensorsWriter(path, specs);
      await expect(writer.compare()).rejects.toThrow(/expected 300000 values of w, got 0/);
      await writer.write('w', data);
      return writer;
    };
    const first = await begin(values);
    expect(await first.compare()).toBe('nothing');
    await first.finish();
    const whole = await readFile(path);
    await use((file) => file.verify({ required: true }));
    const again = await begin(values);
    expect(await again.compare()).toBe('same');
    await again.abort();
    const changed = await begin(values.map((value, i) => (i === 299_999 ? 0 : value)));
    expect(await changed.compare()).toBe('other');
    await changed.abort();
    expect(await readFile(path)).toEqual(whole);
    await truncate(path, whole.length - 1);
    const shorter = await begin(values);
    expect(await shorter.compare()).toBe('other');
    await shorter.finish();
    expect(await readFile(path)).toEqual(whole);
    expect(await readdir(directory)).toEqual(['x.safetensors']);
  });

  it('a writer fed by hand: order, misuse, abort', async () => {
    const specs = {
      a: { dtype: 'U8', shape: [2] },
      empty: { dtype: 'F32', shape: [0] },
      b: { dtype: 'F32', shape: [2] },
    } as const;
    const writer = await createSafetensorsWriter(path, specs, { k: 'v' });
    expect(writer.names).toEqual(['empty', 'b', 'a']);
    await expect(writer.write('a', Uint8Array.of(1))).rejects.toThrow(/values of b, got a/);
    const writes = [1, 2].map((x) => writer.write('b', Float32Array.of(x))); // not awaited one by one
    await Promise.all([...writes, writer.write('empty', new Float32Array(0))]);
    await expect(writer.finish()).rejects.toThrow(/2 values of a, got 0/);
    await writer.write('a', Uint8Array.of(8, 9));
    await expect(writer.write('a', Uint8Array.of(1))).rejects.toThrow(/no further tensor, got a/);
    expect((await readdir(directory)).every((name) => name.endsWith('.tmp'))).toBe(true);
    await writer.finish();
    await writer.abort();
    expect(await readdir(directory)).toEqual(['x.safetensors']);
    await use(async (file) => {
      expect(await file.verify({ required: true })).toBe(true);
      expect((await file.read('b')).data).toEqual(Float32Array.of(1, 2));
    });
    const other = await createSafetensorsWriter(join(directory, 'y'), specs);
    await other.abort();
    expect(await readdir(directory)).toEqual(['x.safetensors']);
  });
});

describe('toFloat32', () => {
  it('refuses integers', () => {
    expect(() => toFloat32(Int32Array.of(1), 'I32')).toThrow(/got I32 in Int32Array/);
  });
});

describe('types of recent versions', () => {
  it('are read as they are, and 8-bit floats as PyTorch widens them', async () => {
    path = goldenPath('torch-kinds/kinds.safetensors');
    const expected = readGolden('torch-kinds/read');
    await use(async (file) => {
      for (const type of ['e4m3fn', 'e5m2', 'e4m3fnuz', 'e5m2fnuz', 'e8m0fnu'])
        expect((await file.readFloat32(`F8_${type}`)).data).toEqual(expected.get(`float8_${type}`).data);
      const c64 = await file.read('c64');
      expect([c64.dtype, c64.shape]).toEqual(['C64', [2, 3]]);
      expect(Float64Array.from(c64.data as Float32Array)).toEqual(expected.get('complex64').data);
      expect(await file.readRange('c64', 1, 3)).toEqual(c64.data.slice(2, 6));
      const packed = await file.read('float4');
      expect(packed).toEqual({ dtype: 'F4', shape: [8], data: Uint8Array.of(0, 1, 2, 3) });
      expect(await file.readRange('float4', 2, 6)).toEqual(Uint8Array.of(1, 2));
      await expect(file.readRange('float4', 1, 6)).rejects.toThrow(
        'expected multiples of 2 in float4, whose F4 elements are packed',
      );
      const pieces: number[] = [];
      for await (const piece of file.chunks('float4', { chunkBytes: 1.5 })) pieces.push(...(piece as Uint8Array));
      expect(pieces).toEqual([0, 1, 2, 3]);
      expect(await file.read('plain')).toMatchObject({ data: Float32Array.of(0, 1, 2) });
      await expect(file.readFloat32('c64')).rejects.toThrow('Convert complex numbers by hand.');
      await expect(file.readFloat32('float4')).rejects.toThrow('Convert packed floats by hand.');
      await expect(file.readFloat32('u16')).rejects.toThrow('Convert integers by hand.');
    });
  });

  it('metadata that are no texts come as JSON, and none as none', async () => {
    const write = (header: string) =>
      writeFile(path, Buffer.concat([Buffer.from([header.length, 0, 0, 0, 0, 0, 0, 0]), Buffer.from(header)]));
    await write('{"__metadata__":{"a":1,"b":"x","c":{"d":null}}}');
    await use(async (file) => expect(file.metadata).toEqual({ a: '1', b: 'x', c: '{"d":null}' }));
    await write('{"__metadata__":null}');
    await use(async (file) => expect(file.metadata).toEqual({}));
  });
});

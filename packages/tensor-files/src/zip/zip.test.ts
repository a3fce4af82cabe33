import { open, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAppleDouble, readZipDirectory, readZipEntry, ZipError, type ZipSource } from '@edm2/tensor-files';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBufferPromise } from 'yauzl';
import yazl from 'yazl';
import { zipBytes } from './reader.js';
import { little, makeZip, type ZipEndOptions, type ZipItem } from './zip.fixture.js';

const most = { maxEntries: 100_000 };

/** What reading a whole zip gives: contents by name, or the error's code and words. */
async function contents(zip: Uint8Array | ZipSource, maxBytes = 1e6): Promise<Record<string, string>> {
  const reader = zip instanceof Uint8Array ? zipBytes(zip) : zip;
  const found: Record<string, string> = {};
  for (const [name, entry] of await readZipDirectory(zip, most))
    found[name] = Buffer.from(await readZipEntry(reader, entry, { maxBytes })).toString('latin1');
  return found;
}
const faultOf = (zip: Uint8Array | ZipSource, maxBytes?: number): Promise<unknown> =>
  contents(zip, maxBytes).then(
    () => undefined,
    (error: unknown) => error,
  );

async function written(zip: yazl.ZipFile, end: Partial<yazl.EndOptions> = {}): Promise<Buffer> {
  zip.end(end as yazl.EndOptions);
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('readZipDirectory and readZipEntry', () => {
  it('agree with an independent reader on what an independent writer wrote', () =>
    fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), fc.uint8Array()), {
          selector: ([name]) => name.replace(/[\\/:]/g, '_'),
        }),
        fc.boolean(),
        fc.boolean(),
        fc.string({ maxLength: 30 }),
        async (files, compress, zip64, comment) => {
          const writer = new yazl.ZipFile();
          for (const [name, data] of files)
            writer.addBuffer(Buffer.from(data), `a/${name.replace(/[\\/:]/g, '_')}`, {
              compress,
              forceZip64Format: zip64,
            });
          const bytes = await written(writer, { forceZip64Format: zip64, comment });
          const theirs: [string, string][] = [];
          const zip = await fromBufferPromise(bytes, { lazyEntries: true });
          for await (const entry of zip.eachEntry()) {
            const parts: Buffer[] = [];
            for await (const part of await zip.openReadStreamPromise(entry)) parts.push(part);
            theirs.push([entry.fileName, Buffer.concat(parts).toString('latin1')]);
          }
          expect(Object.entries(await contents(bytes)).sort()).toEqual(theirs.sort());
        },
      ),
      { numRuns: 40 },
    ));

  const small: ZipItem[] = [
    { name: 'a.txt', data: Buffer.from('one') },
    { name: 'folder/' },
    { name: 'folder/b.txt', data: Buffer.from('two') },
  ];

  it('leave folders out', async () => {
    expect(await contents(makeZip(small))).toEqual({ 'a.txt': 'one', 'folder/b.txt': 'two' });
    expect(await contents(makeZip([]))).toEqual({});
    expect(await contents(makeZip(small, { zip64: true }))).toEqual({ 'a.txt': 'one', 'folder/b.txt': 'two' });
  });

  it.each([65_535, 65_536, 131_073])('count %i files as macOS does, modulo 65,536', async (count) => {
    const items = Array.from({ length: count }, (_, i) => ({ name: `${i}` }));
    const entries = await readZipDirectory(makeZip(items), { maxEntries: 200_000 });
    expect([entries.size, [...entries.keys()].at(-1)]).toEqual([count, `${count - 1}`]);
  });

  it('keep to the bound of files, whatever the end record counts', async () => {
    const items = Array.from({ length: 66_000 }, (_, i) => ({ name: `${i}` }));
    await expect(readZipDirectory(makeZip(items), { maxEntries: 65_999 })).rejects.toThrow(
      '66000 entries, more than 65999,',
    );
    await expect(readZipDirectory(makeZip(small, { zip64: true }), { maxEntries: 2 })).rejects.toThrow('3 entries');
  });

  /** A zip whose head is of zeros that nobody stores. */
  const sparse = (items: readonly ZipItem[], from: number, options: ZipEndOptions = {}): ZipSource => {
    const bytes = makeZip(items, { from, ...options });
    return {
      size: from + bytes.length,
      read: (buffer, offset, length, position) => zipBytes(bytes).read(buffer, offset, length, position - from),
    };
  };

  it.each([2 ** 32 - 40, 2 ** 32 + 5, 3 * 2 ** 32 - 40])(
    'read places from %i on, modulo 2³² and with zip64',
    async (from) => {
      // What comes before are entries that the test does not read, each within 4 GiB of the next.
      const before = Array.from({ length: Math.ceil(from / 2 ** 31) }, (_, i) => ({
        name: `far${i}`,
        place: i * 2 ** 31,
      }));
      for (const zip64 of [false, true]) {
        const source = sparse([...before, ...small], from, { zip64 });
        const entries = await readZipDirectory(source, most);
        const b = entries.get('folder/b.txt');
        expect(b && Buffer.from(await readZipEntry(source, b, { maxBytes: 9 })).toString()).toBe('two');
      }
    },
  );

  it.each([
    ['UTF-8 by its flag', Buffer.from('é.png'), 1 << 11, 'é.png'],
    ['UTF-8 without the flag, as many programs write it', Buffer.from('猫.png'), 0, '猫.png'],
    ['code page 437', Buffer.from([0x82, 0x2e, 0x70]), 0, 'é.p'],
    ['bytes that are not the UTF-8 that the flag says', Buffer.from([0xff, 0x61]), 1 << 11, '\u00a0a'],
    ['backslashes', Buffer.from('a\\b.png'), 0, 'a/b.png'],
  ])('read names: %s', async (_, name, flags, expected) => {
    expect(Object.keys(await contents(makeZip([{ name, flags }])))).toEqual([expected]);
  });

  it('prefer the Unicode name of an extra field that belongs to the name', async () => {
    const name = Buffer.from([0x82]);
    const field = (crc: number) =>
      Buffer.concat([little([2, 0x7075], [2, 7], [1, 1], [4, crc]), Buffer.from('é', 'utf8')]);
    const { crc32 } = await import('../npy/crc32.js');
    expect(Object.keys(await contents(makeZip([{ name, extra: field(crc32(name)) }])))).toEqual(['é']);
    const other = Buffer.from([0x81]);
    expect(Object.keys(await contents(makeZip([{ name: other, extra: field(crc32(name)) }])))).toEqual(['ü']);
  });

  it('know what macOS packs beside files', () => {
    expect(['__MACOSX/a/._b.png', '._b.png', 'a/._b.png'].every(isAppleDouble)).toBe(true);
    expect(['a/b._png', 'MACOSX/b', '.b.png', 'a._/b'].some(isAppleDouble)).toBe(false);
  });
});

describe('damage and what is not read', () => {
  const two: ZipItem[] = [
    { name: 'a', data: Buffer.from('one') },
    { name: 'b', data: Buffer.from('two') },
  ];
  const far = (place: bigint) => little([2, 1], [2, 24], [8, place], [8, place], [8, place]);
  const changed = (zip: Buffer, at: number, ...bytes: number[]): Buffer => {
    const copy = Buffer.from(zip);
    copy.set(bytes, at < 0 ? copy.length + at : at);
    return copy;
  };
  const zip = makeZip(two);
  const zip64 = makeZip(two, { zip64: true });

  it.each<[string, Buffer, string, string]>([
    ['nothing', Buffer.alloc(0), 'damaged', 'no end record'],
    ['text', Buffer.from('hello '.repeat(10)), 'damaged', 'no end record'],
    ['a zip that was cut', zip.subarray(0, -1), 'damaged', 'no end record'],
    [
      'a comment that was cut',
      makeZip(two, { comment: 'abc' }).subarray(0, -1),
      'damaged',
      'lacks 1 bytes of its comment',
    ],
    ['bytes after the end', Buffer.concat([zip, Buffer.from('xyz')]), 'damaged', '3 bytes after its end'],
    ['a part', makeZip(two, { disk: 1 }), 'parts', 'one part of a zip in several'],
    ['fewer entries than counted', makeZip(two, { count: 3 }), 'damaged', 'counts 3 entries with a directory of'],
    [
      'more entries than counted',
      makeZip(two, { count: 1 }),
      'damaged',
      'more entries than the end record counts (2, not 1)',
    ],
    ['a count of zip64 that is too small', makeZip(two, { count: 1, zip64: true }), 'damaged', 'more entries than'],
    ['a directory that is too long', makeZip(two, { size: 999 }), 'damaged', 'a directory of 999 bytes, not 94'],
    [
      'a directory that is too short',
      makeZip(two, { size: 47, count: 1 }),
      'damaged',
      'a directory of 47 bytes, not 94',
    ],
    ['a directory cut within an entry', makeZip(two, { size: 50 }), 'damaged', 'of 50 bytes, not of whole entries'],
    ['a directory at another place', makeZip(two, { offset: 1 }), 'damaged', 'no entry of the directory'],
    ['an entry in the directory', makeZip([{ name: 'a', place: 50 }]), 'damaged', 'past the end of the data (a)'],
    ['another header', makeZip([...two, { name: 'c', place: 34 }]), 'damaged', 'bears another name'],
    ['no header', makeZip([...two, { name: 'c', place: 5 }]), 'damaged', 'no entry header where the directory points'],
    [
      'a place beyond 2⁵³',
      makeZip([{ name: 'a', place: 0xffffffff, extra: far(2n ** 60n) }]),
      'damaged',
      'zip64 number',
    ],
    [
      'a size beyond the file',
      changed(makeZip([{ name: 'a' }]), 31 + 20, 0xff, 0xff, 0xff, 0x7f),
      'damaged',
      'past the end of the data',
    ],
    ['a zip64 record beyond 2⁵³', changed(zip64, -34, 0, 0, 0, 0, 0, 0, 0, 0xff), 'damaged', 'a place of the zip64'],
    ['a zip64 record beyond the file', changed(zip64, -34, 0, 0, 0, 0, 0, 1, 0, 0), 'damaged', 'after its own locator'],
    ['a zip64 record elsewhere', changed(zip64, -34, 0), 'damaged', 'no zip64 end record'],
    [
      'a directory of zip64 beyond 2⁵³',
      changed(zip64, -50, 0, 0, 0, 0, 0, 0, 0, 0xff),
      'damaged',
      'a number of the zip64',
    ],
    ['two of one name', makeZip([...two, { name: 'a' }]), 'duplicate-name', 'two entries named a'],
    ['a path out of the zip', makeZip([{ name: '../a' }]), 'damaged', '"../a", outside'],
    ['a path of a machine', makeZip([{ name: 'C:\\a' }]), 'damaged', '"C:/a", outside'],
    ['a password', makeZip([{ name: 'a', flags: 1 }]), 'encrypted', 'an encrypted entry'],
    ['another compression', changed(changed(zip, 8, 14), 68 + 10, 14), 'method', 'compression method 14'],
    [
      'a header of another size',
      changed(zip, 22, 9),
      'damaged',
      'an entry header with size 9 where the directory has 3',
    ],
    ['changed data', changed(zip, 31, 0x4f), 'crc', 'where the directory has'],
    ['a long extra field', makeZip([{ name: 'a', extra: little([2, 9], [2, 9]) }]), 'damaged', 'longer than its entry'],
  ])('%s', async (_, bytes, code, words) => {
    const error = await faultOf(bytes);
    expect(error).toBeInstanceOf(ZipError);
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
  });

  it('asks for no more memory than the caller grants', async () => {
    const writer = new yazl.ZipFile();
    writer.addBuffer(Buffer.alloc(1_000_000), 'a', { compress: true });
    const bomb = await written(writer);
    expect(await faultOf(bomb, 999_999)).toMatchObject({
      code: 'too-large',
      message: expect.stringContaining('1000000'),
    });
    const lying = Buffer.from(bomb);
    lying.writeUInt32LE(500_000, lying.lastIndexOf('PK\u0001\u0002') + 24);
    lying.writeUInt32LE(500_000, 22);
    expect(await faultOf(lying, 999_999)).toMatchObject({
      code: 'damaged',
      message: 'data that do not inflate to 500000 bytes',
    });
    const short = Buffer.from(bomb);
    short.writeUInt32LE(1_000_001, short.lastIndexOf('PK\u0001\u0002') + 24);
    short.writeUInt32LE(1_000_001, 22);
    expect(await faultOf(short, 1_000_001)).toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('inflates to 1000000 bytes'),
    });
  });

  it('any changed bytes give a zip or an error of this kind, from memory and from a file', async () => {
    const path = join(tmpdir(), `tensor-files-zip-${process.pid}.zip`);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(zip, zip64, makeZip([{ name: 'a', place: 0xffffffff, extra: far(0n) }], { zip64: true })),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat(), { nil: undefined }),
        async (whole, changes, cut) => {
          const bytes = Buffer.from(whole.subarray(0, cut === undefined ? undefined : cut % (whole.length + 1)));
          for (const [at, value] of changes)
            if (bytes.length > 0) bytes[bytes.length - 1 - (at % bytes.length)] = value;
          const fault = await faultOf(bytes);
          expect(fault === undefined || fault instanceof ZipError, String(fault)).toBe(true);
          await writeFile(path, bytes);
          const handle = await open(path);
          const source = { size: bytes.length, read: handle.read.bind(handle) };
          const again = await faultOf(source).finally(() => handle.close());
          expect((again as Error | undefined)?.message).toBe((fault as Error | undefined)?.message);
        },
      ),
      { numRuns: 600, seed: 28 },
    );
  });
});

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import {
  type FileKindName,
  identifyBytes,
  identifyFile,
  openPickle,
  openStateDict,
  PickleParseError,
  readNpy,
  readNpz,
  readPickle,
  readSafetensors,
  TORCH_GLOBALS,
} from '@edm2/tensor-files';
import { goldenPath } from '@edm2/test-support';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import yazl from 'yazl';
import { makeZip } from '../zip/zip.fixture.js';

const folder = await mkdtemp(join(tmpdir(), 'identify-'));
afterAll(() => rm(folder, { recursive: true }));

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const zeros = (count: number): string => '\0'.repeat(count);

/** The first block of a tar for a file of this name, with or without the magic of POSIX. */
function tar(name: string, magic = 'ustar'): Buffer {
  const block = Buffer.alloc(1024);
  block.write(name);
  block.write('0000644\0', 100);
  block.write('00000000000\0', 124);
  block.write(magic, 257);
  return block;
}

/** Intact files of kinds that no reader reads: bytes, kind, what it is called, and what to do. */
const OTHERS: readonly (readonly [string, Buffer, FileKindName, RegExp, RegExp])[] = [
  [
    'LFS',
    latin1('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'),
    'git-lfs-pointer',
    /^a Git LFS pointer to a file of 12345 bytes that was not fetched$/,
    /git lfs pull/,
  ],
  [
    'LFS of old',
    latin1('version https://hawser.github.com/spec/v1\noid sha256:4d7a\n'),
    'git-lfs-pointer',
    /^a Git LFS pointer$/,
    /git lfs pull/,
  ],
  ['git-annex', latin1('/annex/objects/SHA256E-s1--0.pt\n'), 'git-annex-pointer', /git-annex/, /git annex get/],
  ['DVC', latin1('outs:\n- md5: 0\n  size: 1\n  path: model.pt\n'), 'dvc-pointer', /DVC/, /dvc pull/],
  [
    'HTML',
    latin1('<!DOCTYPE html>\n<html><head><title>Sign  in\n</title>'),
    'html',
    /^an HTML page \("Sign in"\)$/,
    /download the file itself/,
  ],
  [
    'HTML after a mark and space',
    Buffer.from('\ufeff \n<HTML lang="en">'),
    'html',
    /^an HTML page$/,
    /open the address in a browser/,
  ],
  ['HTML after a comment', latin1('<!-- saved -->\n<html>'), 'html', /HTML/, /download/],
  [
    'XML',
    latin1('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'),
    'xml',
    /^an XML text \("<\?xml.*AccessDenied/,
    /check it and download/,
  ],
  [
    'a message',
    latin1('{"error": "Repository not found"}'),
    'json-message',
    /a server's message in JSON \(.*Repository not found/,
    /sign in/,
  ],
  [
    'an index',
    latin1('{"metadata": {}, "weight_map": {"a": "1.safetensors"}}'),
    'checkpoint-index',
    /index of a checkpoint in several files/,
    /the files that it lists/,
  ],
  [
    'a model of TensorFlow.js',
    latin1('{"format": "layers-model", "modelTopology": {}}'),
    'json',
    /TensorFlow\.js/,
    /save its weights/,
  ],
  ['JSON', latin1('[1, 2]'), 'json', /^a JSON text \("\[1, 2\]"\)$/, /the values themselves/],
  ['a text', latin1('Entry not found'), 'text', /^a text \("Entry not found"\)$/, /check the address/],
  ['a long text', Buffer.from('é'.repeat(3000)), 'text', /^a text \("é{80}…"\)$/, /check the address/],
  ['gzip', gzipSync('x'), 'compressed', /gzip$/, /gunzip FILE/],
  ['a tar in gzip', gzipSync(tar('a')), 'compressed', /a tar archive compressed with gzip/, /tar xzf FILE/],
  ['xz', latin1('\xfd7zXZ\0\0'), 'compressed', /xz$/, /xz -d FILE/],
  ['zstd', latin1('\x28\xb5\x2f\xfd\0'), 'compressed', /zstd$/, /zstd -d FILE/],
  ['bzip2', latin1('BZh91AY'), 'compressed', /bzip2$/, /bunzip2 FILE/],
  ['lz4', latin1('\x04\x22\x4d\x18\0'), 'compressed', /lz4$/, /lz4 -d FILE/],
  ['zlib', deflateSync('hello'.repeat(9)), 'compressed', /zlib$/, /joblib\.load/],
  ['7z', latin1("7z\xbc\xaf'\x1c\0"), 'compressed', /^a 7-Zip archive$/, /7z x FILE/],
  ['RAR', latin1('Rar!\x1a\x07\0'), 'compressed', /^a RAR archive$/, /unrar x FILE/],
  ['tar', tar('a.txt'), 'tar', /^a tar archive \(of "a\.txt" and what follows\)$/, /tar xf FILE/],
  ['tar of old', tar('a.txt', ''), 'tar', /a tar archive/, /tar xf FILE/],
  [
    'torch’s tar',
    tar('sys_info'),
    'torch-tar',
    /PyTorch checkpoint in the tar format used before version 0\.1\.10/,
    /torch\.save\(torch\.load\(FILE, weights_only=False\)/,
  ],
  ['HDF5', latin1(`\x89HDF\r\n\x1a\n${zeros(20)}`), 'hdf5', /HDF5/, /h5py/],
  ['ONNX', latin1('\x08\x08\x12\x07pytorch\x1a\x052.1.0:\x10xxxxxxxxxxxxxxxx'), 'onnx', /ONNX/, /safetensors/],
  ['ONNX without a producer', latin1('\x08\x03:\x05xxxxxB\x02\x10\x09'), 'onnx', /ONNX/, /safetensors/],
  ['a SavedModel', latin1(`\x08\x01\x12\xd0\x01\x0a\x30${'y'.repeat(300)}`), 'tensorflow', /TensorFlow/, /safetensors/],
  ['a frozen graph', latin1('\x0a\x14\x0a\x05input\x12\x0bPlaceholder'), 'tensorflow', /TensorFlow/, /safetensors/],
  [
    'a checkpoint of TensorFlow',
    latin1(`\0\0\x01abc${'d'.repeat(50)}\x57\xfb\x80\x8b\x24\x75\x47\xdb`),
    'tensorflow',
    /TensorFlow/,
    /safetensors/,
  ],
  ['TensorFlow Lite', latin1(`\x1c\0\0\0TFL3${zeros(20)}`), 'tflite', /TensorFlow Lite/, /safetensors/],
  ['GGUF', latin1(`GGUF\x03\0\0\0${zeros(20)}`), 'gguf', /GGUF/, /checkpoint that it was made from/],
  ['Flax', latin1('\x82\xa6params\x81\xa1a\x01'), 'flax', /Flax/, /safetensors/],
  ['MATLAB', latin1(`MATLAB 5.0 MAT-file${' '.repeat(100)}`), 'matlab', /MATLAB/, /scipy\.io\.loadmat/],
  ['Parquet', latin1('PAR1xxxx'), 'table', /Parquet/, /npy, npz or safetensors/],
  ['SQLite', latin1('SQLite format 3\0'), 'table', /SQLite/, /npy/],
  ['PDF', latin1('%PDF-1.7\n'), 'pdf', /PDF/, /Download/],
  ['IDX', latin1(`\0\0\x08\x03\0\0\0\x01${zeros(20)}`), 'idx', /IDX/, /-ubyte/],
  ['PNG', latin1('\x89PNG\r\n\x1a\n\0\0\0\rIHDR'), 'image', /a picture \(PNG\)/, /a picture/],
  ['JPEG', latin1('\xff\xd8\xff\xe0\0\x10JFIF'), 'image', /JPEG/, /a picture/],
  ['WebP', latin1('RIFF\x10\0\0\0WEBPVP8 '), 'image', /WebP/, /a picture/],
  ['BMP', latin1(`BM\x1e\0\0\0${zeros(24)}`), 'image', /BMP/, /a picture/],
  ['zeros', Buffer.alloc(100), 'zeros', /zero bytes where it should begin/, /fetch it again/],
  [
    'TorchScript',
    makeZip(['m/data.pkl', 'm/code/__torch__.py', 'm/constants.pkl', 'm/version'].map((name) => ({ name }))),
    'torchscript',
    /TorchScript program/,
    /torch\.jit\.load\(FILE\)\.state_dict\(\)/,
  ],
  [
    'torch.export',
    makeZip([{ name: 'm/archive_format' }, { name: 'm/models/model.json' }]),
    'torch-export',
    /torch\.export/,
    /torch\.export\.load\(FILE\)\.state_dict/,
  ],
  [
    'torch.package',
    makeZip([{ name: 'm/.data/extern_modules' }, { name: 'm/model.pkl' }]),
    'torch-package',
    /torch\.package/,
    /state_dict/,
  ],
  ['Keras', makeZip([{ name: 'config.json' }, { name: 'model.weights.h5' }]), 'keras', /Keras/, /get_weights/],
  [
    'a zip',
    makeZip(['a.png', 'b.png', 'c.png', 'd.png'].map((name) => ({ name }))),
    'zip',
    /^a zip of "a\.png", "b\.png", "c\.png" and 1 more$/,
    /Unpack it/,
  ],
  ['an empty zip', makeZip([]), 'zip', /^a zip of nothing$/, /again/],
  ['a cut zip', makeZip([{ name: 'a' }]).subarray(0, -3), 'damaged-zip', /damaged or cut off/, /again/],
];

/** Nothing that is whole may be called damaged, and nobody be sent to fetch it again. */
const WHOLE = OTHERS.filter(([, , kind]) => !['zeros', 'damaged-zip'].includes(kind));

const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: unknown) => `${(error as Error).name}: ${(error as Error).message}`,
  );

describe.each(OTHERS)('%s', (name, bytes, kind, what, remedy) => {
  const path = join(folder, `${name.replace(/\W/g, '_')}.bin`);

  it('is told by its first bytes, in memory and in a file', async () => {
    await writeFile(path, bytes);
    for (const found of [await identifyFile(bytes), await identifyFile(path)])
      expect(found).toEqual({ kind, what: expect.stringMatching(what), remedy: expect.stringMatching(remedy) });
    expect((await identifyFile(path))?.remedy).not.toMatch(/\.$/);
  });

  it('is named by every reader that expected another, with what to do', async () => {
    await writeFile(path, bytes);
    const zipReaders = kind === 'damaged-zip' || (kind === 'zip' && name !== 'an empty zip');
    const readers = [
      ['a safetensors file', () => readSafetensors(path)],
      ['an npy file', () => readNpy(path)],
      ['an npy file', () => readNpy(bytes)],
      ...(kind === 'zip' || kind === 'damaged-zip'
        ? []
        : [['an npz archive', () => readNpz(path)] as const, ['an npz archive', () => readNpz(bytes)] as const]),
      ...(zipReaders && kind === 'damaged-zip'
        ? []
        : [['a pickle or a PyTorch checkpoint', () => openPickle(path, { allow: TORCH_GLOBALS })] as const]),
    ] as const;
    for (const [expected, work] of readers) {
      const message = await messageOf(work());
      expect(message).toMatch(/^(Safetensors|Npy|Pickle)ParseError: /);
      expect(message, expected).toContain(`expected ${expected}, got `);
      expect(message.slice(message.indexOf(', got ') + 6)).toMatch(new RegExp(what.source.replace(/^\^|\$$/g, '')));
      expect(message).toMatch(remedy);
    }
  });
});

it('no reader calls an intact file of another kind damaged, or sends for it again', async () => {
  for (const [name, bytes] of WHOLE) {
    const path = join(folder, `${name.replace(/\W/g, '_')}.bin`);
    await writeFile(path, bytes);
    for (const work of [
      () => readSafetensors(path),
      () => readNpy(path),
      () => readNpz(path),
      () => openPickle(path, { allow: TORCH_GLOBALS }),
      () => openStateDict(path),
    ]) {
      const message = await messageOf(work());
      if (name !== 'an empty zip') expect(message, name).not.toMatch(/damaged|etch (it|the file) again|etch or save/);
    }
  }
});

describe('files of this package', () => {
  it.each([
    ['stats-tiny.npz', 'npz'],
    ['stats-tiny.safetensors', 'safetensors'],
    ['stats-tiny.pkl', 'pickle'],
    ['stats-tiny-p2.pkl', 'pickle'],
    ['state-dict.pth', 'torch-zip'],
    ['state-dict-legacy.pth', 'torch-legacy'],
    ['training-state-0000008.pt', 'torch-zip'],
    ['torch-kinds/kinds.safetensors', 'safetensors'],
    ['dataset-tiny-rgb.zip', 'zip'],
    ['formula-vectors.json', 'json'],
  ])('%s is %s', async (name, kind) => {
    expect((await identifyFile(goldenPath(name)))?.kind).toBe(kind);
  });

  it('in the wrong reader are sent to the right one', async () => {
    expect(await messageOf(readSafetensors(goldenPath('state-dict.pth')))).toContain(
      'expected a safetensors file, got a PyTorch checkpoint. Open it as what it is: its name should end in .pt.',
    );
    expect(await messageOf(openPickle(goldenPath('stats-tiny.npz'), { allow: [] }))).toContain(
      'got an npz archive of NumPy. Open it as what it is: its name should end in .npz.',
    );
    expect(await messageOf(openPickle(goldenPath('stats.safetensors'), { allow: [] }))).toContain(
      'its name should end in .safetensors.',
    );
    expect(() => readPickle(latin1('\x93NUMPY\x01\0v\0'), { allow: [] })).toThrow('got an npy file of NumPy');
    expect(() => readPickle(latin1('\x93NUMPY\x01\0v\0'), { allow: [] })).toThrow(PickleParseError);
  });

  it('keep their own reader’s error where they are damaged', async () => {
    const pickles: Record<string, string> = JSON.parse(await readFile(goldenPath('pickle-protocols.json'), 'utf8'));
    for (const [protocol, text] of Object.entries(pickles)) {
      const bytes = Buffer.from(text, 'base64');
      expect(identifyBytes(bytes)?.kind, protocol).toBe('pickle');
      bytes[bytes.length >> 1] = 0xfe;
      expect(() => readPickle(bytes, { allow: [] }), protocol).toThrow(
        expect.not.objectContaining({ code: 'other-kind' }),
      );
    }
    for (const name of ['state-dict.pth', 'state-dict-legacy.pth', 'stats-tiny.pkl']) {
      const path = join(folder, 'cut');
      await writeFile(path, (await readFile(goldenPath(name))).subarray(0, -9));
      const message = await messageOf(openPickle(path, { allow: TORCH_GLOBALS }));
      expect(message, name).not.toContain('expected a pickle or a PyTorch checkpoint, got');
    }
  });

  it('packed again with compression say how to be packed', async () => {
    const zip = new yazl.ZipFile();
    for (const name of ['data.pkl', 'version', 'data/0'])
      zip.addBuffer(Buffer.alloc(100), `a/${name}`, { compress: true });
    zip.end();
    const parts: Buffer[] = [];
    for await (const part of zip.outputStream) parts.push(part as Buffer);
    const path = join(folder, 'packed.pt');
    await writeFile(path, Buffer.concat(parts));
    expect(await messageOf(openPickle(path, { allow: [] }))).toMatch(
      /got a PyTorch checkpoint that another program has packed with compression\. Unpack it, and pack its folder without: zip -0 -r/,
    );
    const bytes = await readFile(goldenPath('state-dict.pth'));
    bytes[bytes.indexOf('PK\x01\x02') + 10] = 8; // the directory alone says deflated: damage
    await writeFile(path, bytes);
    expect(await messageOf(openPickle(path, { allow: [] }))).toContain(
      'an entry header with compression method 0 where the directory has 8',
    );
  });

  it('unpacked into a folder say so', async () => {
    const path = join(folder, 'archive');
    await mkdir(path);
    for (const name of ['data.pkl', 'version']) await writeFile(join(path, name), '');
    for (const where of [path, folder]) {
      if (where === folder) break;
      expect(await messageOf(openPickle(where, { allow: [] }))).toContain(
        'got the folder of an unpacked PyTorch checkpoint. Put it back into a file',
      );
    }
    const model = join(folder, 'model');
    await mkdir(model);
    await writeFile(join(model, 'saved_model.pb'), '');
    expect(await messageOf(readSafetensors(model))).toContain('the folder of a SavedModel of TensorFlow');
  });
});

it('any bytes are told apart without an error', async () => {
  const heads = OTHERS.map(([, bytes]) => bytes);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.uint8Array({ maxLength: 600 }),
        fc.constantFrom(...heads).map((head) => Uint8Array.from(head)),
      ),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
      async (bytes, changes) => {
        for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
        const found = await identifyFile(bytes);
        expect(found === undefined || found.what.length > 0).toBe(true);
      },
    ),
    { numRuns: 500, seed: 9 },
  );
  expect(await identifyFile(join(folder, 'nowhere'))).toBeUndefined();
  expect(identifyBytes(deflateRawSync('x'))?.kind).not.toBe('zip');
});

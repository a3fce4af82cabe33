import { constants } from 'node:buffer';
import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors } from '@edm2/tensor-files';
import { afterAll, expect, it } from 'vitest';
import { allocate, checkSize } from './allocate.js';
import { fileSource } from './pickle/byte-source.js';
import { TorchStorage, TorchTensor } from './pickle/torch-tensor.js';

const folder = await mkdtemp(join(tmpdir(), 'tensor-files-large-'));
afterAll(() => rm(folder, { recursive: true }));

const oversize = { fn: 'read', what: 'w of a.safetensors', remedy: 'Read it piece by piece' };

it('more than there is memory for is an error with what to do', () => {
  expect(() => allocate(Number.MAX_SAFE_INTEGER, oversize)).toThrow(
    `got ${Number.MAX_SAFE_INTEGER} for w of a.safetensors. Read it piece by piece.`,
  );
  expect(() => checkSize(2 ** 60, oversize)).toThrow('read: expected no more bytes than Node.js can hold at once');
});

/** Bytes of a tensor that no array can hold; later versions of Node.js have no such bound but memory's, and a file of that size cannot be made. */
const bytes = constants.MAX_LENGTH + 8;

it.runIf(bytes < 2 ** 40)(
  'a larger tensor of a file is named with its file; its parts and its neighbours are read',
  async () => {
    const path = join(folder, 'large.safetensors');
    const header = JSON.stringify({
      large: { dtype: 'F32', shape: [bytes / 4], data_offsets: [0, bytes] },
      half: { dtype: 'F16', shape: [bytes / 4 + 2], data_offsets: [bytes, bytes * 1.5 + 4] },
      small: { dtype: 'F32', shape: [2], data_offsets: [bytes * 1.5 + 4, bytes * 1.5 + 12] },
    });
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    await writeFile(path, Buffer.concat([length, Buffer.from(header)]));
    await truncate(path, 8 + header.length + bytes * 1.5 + 12); // a hole, which takes no room
    const file = await readSafetensors(path);
    const remedy = `${path}. Read it piece by piece: with chunks, or readRange.`;
    await expect(file.read('large')).rejects.toThrow(
      `read: expected no more bytes than Node.js can hold at once, got ${bytes} for large of ${remedy}`,
    );
    await expect(file.readFloat32('half')).rejects.toThrow(
      `readFloat32: expected no more bytes than Node.js can hold at once, got ${bytes + 8} for half of ${remedy}`,
    );
    await expect(file.readRange('large', 0, bytes / 4)).rejects.toThrow('readRange: expected no more bytes');
    expect((await file.read('small')).data).toEqual(new Float32Array(2));
    for await (const piece of file.chunks('large')) {
      expect(piece).toHaveLength(1 << 20);
      break;
    }
    await file.close();

    const handle = await open(path);
    const storage = new TorchStorage('F32', bytes / 4, fileSource(handle, bytes));
    const tensor = new TorchTensor(storage, 0, [bytes / 4], [1]);
    tensor.name = 'state.large';
    tensor.file = 'large.pt';
    await expect(tensor.read()).rejects.toThrow(
      `got ${bytes} for state.large of large.pt. Read it piece by piece: with chunks, or readRange.`,
    );
    await expect(tensor.readFloat32()).rejects.toThrow('readFloat32: expected no more bytes');
    const turned = new TorchTensor(storage, 0, [2, bytes / 8], [1, 2]);
    await expect(turned.read()).rejects.toThrow('for a tensor. Read it');
    expect(await turned.readRange(1005, 1008)).toEqual(new Float32Array(3));
    await handle.close();
  },
);

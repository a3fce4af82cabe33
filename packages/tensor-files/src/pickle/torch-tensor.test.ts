import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bytesOf } from './assemble.fixture.js';
import { memorySource } from './byte-source.js';
import { legacyFile, tensor } from './legacy.fixture.js';
import { openPickle } from './open-pickle.js';
import { PickleParseError } from './parse-error.js';
import { readPickle } from './read-pickle.js';
import { TORCH_GLOBALS } from './torch.js';
import { TorchStorage, TorchTensor } from './torch-tensor.js';
import { OpaqueTensor, type PickleValue } from './values.js';

const folder = await mkdtemp(join(tmpdir(), 'torch-tensor-'));
afterAll(() => rm(folder, { recursive: true }));

describe('tensors that share a storage', () => {
  const bytes = legacyFile([...tensor(6, 0, [2, 3], [3, 1]), ...tensor(6, 0, [3, 2], [1, 3]), ...tensor(6, 4, [], [])]);

  it('are read in row-major order, whatever theirs, whole and in parts, from memory and from a file', async () => {
    const path = join(folder, 'shared.pt');
    await writeFile(path, bytes);
    const file = await openPickle(path, { allow: TORCH_GLOBALS });
    for (const value of [readPickle(bytes, { allow: TORCH_GLOBALS }), file.value]) {
      const [plain, turned, scalar] = value as [TorchTensor, TorchTensor, TorchTensor];
      expect(turned.storage).toBe(plain.storage);
      expect(await plain.read()).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5));
      expect(turned.shape).toEqual([3, 2]);
      expect(await turned.read()).toEqual(Float32Array.of(0, 3, 1, 4, 2, 5));
      expect(await turned.readRange(1, 4)).toEqual(Float32Array.of(3, 1, 4));
      expect(await scalar.readFloat32()).toEqual(Float32Array.of(4));
      await expect(turned.readRange(1, 7)).rejects.toThrow(RangeError);
    }
    await file.close();
  });

  it.each([
    ['a tensor past the end of its storage', 'storage', legacyFile(tensor(6, 1, [2, 3], [3, 1]))],
    ['strides past the end', 'storage', legacyFile(tensor(6, 0, [2, 2], [5, 1]))],
    ['a storage of another length than its data', 'storage', legacyFile(tensor(6, 0, [6], [1]), 5)],
    ['a file cut short', 'truncated', bytes.subarray(0, -1)],
    ['another kind of file', 'other-kind', bytesOf('# hello')],
  ])('%s is refused', (_, code, file) => {
    expect(() => readPickle(file, { allow: TORCH_GLOBALS })).toThrow(expect.objectContaining({ code }));
    expect(() => readPickle(file, { allow: TORCH_GLOBALS })).toThrow(PickleParseError);
  });

  it('may repeat numbers, within a bound for all of them together', async () => {
    const repeated = tensor(6, 1, [250, 250, 250], [0, 0, 0]); // 62,500,000 bytes of one number
    const value = readPickle(legacyFile([...repeated, ...repeated, ...repeated, ...repeated, ...repeated]), {
      allow: TORCH_GLOBALS,
    }) as PickleValue[];
    expect(value.map((item) => item instanceof TorchTensor)).toEqual([true, true, true, true, false]);
    expect(await (value[0] as TorchTensor).readRange(15_624_990, 15_625_000)).toEqual(new Float32Array(10).fill(1));
    expect((value[4] as OpaqueTensor).kind).toBe('a tensor of 15625000 elements that are 6 repeated');
    const [endless] = readPickle(legacyFile(tensor(6, 0, [255, 255, 255, 255, 255, 255, 255], [0, 0, 0, 0, 0, 0, 0])), {
      allow: TORCH_GLOBALS,
    }) as PickleValue[];
    expect(endless).toBeInstanceOf(OpaqueTensor);
  });

  it('are gathered in pieces as in one go', async () => {
    const [rows, columns] = [1100, 1000];
    const values = Float32Array.from({ length: rows * columns }, (_, i) => i);
    const stored = new TorchStorage('F32', values.length, memorySource(new Uint8Array(values.buffer)));
    const turned = await new TorchTensor(stored, 0, [columns, rows], [1, columns]).read();
    for (const i of [0, 1, rows, 2 ** 20 - 1, 2 ** 20, values.length - 1])
      expect(turned[i]).toBe((i % rows) * columns + Math.floor(i / rows));
  });
});

import { readFile } from 'node:fs/promises';
import { goldenPath } from '@edm2/test-support';
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '../safetensors/read.js';
import { moduleState, pickledInstance, SNAPSHOT_GLOBALS } from './module-state.js';
import { openPickle, readTorchZip } from './open-pickle.js';
import { readPickle } from './read-pickle.js';
import { TORCH_GLOBALS } from './torch.js';
import { TorchTensor } from './torch-tensor.js';
import type { PickleValue } from './values.js';
import { PickledArray } from './values.js';

const at = (value: PickleValue | undefined, ...path: (string | number)[]): PickleValue | undefined =>
  path.reduce<PickleValue | undefined>(
    (here, key) => (here instanceof Map ? here.get(key) : Array.isArray(here) ? here[Number(key)] : undefined),
    value,
  );

/** Compares tensors with those of a golden file under a prefix, names and bits, and says how many there were. */
async function expectSame(
  tensors: ReadonlyMap<PickleValue, PickleValue>,
  golden: string,
  prefix: string,
): Promise<number> {
  const file = await readSafetensors(goldenPath(golden));
  const expected = file.names.filter((name) => name.startsWith(prefix));
  expect([...tensors.keys()].map((name) => `${prefix}${name}`).sort()).toEqual([...expected].sort());
  for (const [name, tensor] of tensors) {
    if (!(tensor instanceof TorchTensor)) throw new Error(`${name} is no tensor`);
    const { dtype, shape, data } = await file.read(`${prefix}${name}`);
    expect({ dtype: tensor.dtype, shape: tensor.shape, data: await tensor.read() }, String(name)).toEqual({
      dtype,
      shape,
      data,
    });
  }
  await file.close();
  return expected.length;
}

describe('network snapshots', () => {
  it.each([
    ['network-snapshot-0008388-0.100.pkl', 'a.', 63],
    ['edm2-tiny-rgb-0000262-0.050.pkl', 'b.', 126],
  ])('%s, to the last bit, from memory and from the file', async (name, prefix, count) => {
    const opened = await openPickle(goldenPath(name), { allow: SNAPSHOT_GLOBALS });
    expect(await expectSame(moduleState(at(opened.value, 'ema')), 'snapshot.safetensors', prefix)).toBe(count);
    expect(await opened.verify()).toBe(false);
    await opened.close();
    const value = readPickle(await readFile(goldenPath(name)), { allow: SNAPSHOT_GLOBALS });
    await expectSame(moduleState(at(value, 'ema')), 'snapshot.safetensors', prefix);
  });

  it('tells classes, fields and constructor arguments', async () => {
    const bytes = await readFile(goldenPath('network-snapshot-0008388-0.100.pkl'));
    const value = readPickle(bytes, { allow: SNAPSHOT_GLOBALS });
    const net = pickledInstance(at(value, 'ema'));
    expect(net?.className).toBe('Precond');
    expect(net?.state.get('_init_kwargs')).toEqual(
      expect.objectContaining(new Map<PickleValue, PickleValue>([['img_resolution', 16]])),
    );
    const encoder = pickledInstance(at(value, 'encoder'));
    const scale = encoder?.state.get('scale');
    expect(scale instanceof PickledArray && scale.dtype).toBe('<f4');
    expect(at(value, 'dataset_kwargs', 'path')).toBe('datasets/img512-sd.zip');
  });

  it('refuses names that were not allowed, whichever is missing', async () => {
    const bytes = await readFile(goldenPath('network-snapshot-0008388-0.100.pkl'));
    for (const missing of ['collections.OrderedDict', 'torch._utils._rebuild_parameter', 'numpy.dtype'])
      expect(() => readPickle(bytes, { allow: SNAPSHOT_GLOBALS.filter((name) => name !== missing) })).toThrow(missing);
  });
});

describe('training states', () => {
  it('are read to the last bit and checked', async () => {
    const path = goldenPath('training-state-0000008.pt');
    const file = await readTorchZip(path, { allow: [...TORCH_GLOBALS, 'dnnlib.util.EasyDict'] });
    for (const [prefix, value] of [
      ['net.', at(file.value, 'net')],
      ['ema0.', at(file.value, 'ema', 'emas', 0)],
      ['ema1.', at(file.value, 'ema', 'emas', 1)],
    ] as const)
      expect(await expectSame(value as Map<string, PickleValue>, 'training-state.safetensors', prefix)).toBe(63);
    const state = at(file.value, 'optimizer', 'state') as Map<number, Map<string, PickleValue>>;
    const moments = [...state].flatMap(([i, parts]) =>
      [...parts].map(([name, tensor]): [string, PickleValue] => [`${i}.${name}`, tensor]),
    );
    await expectSame(new Map(moments), 'training-state.safetensors', 'optimizer.');
    expect(at(file.value, 'state', 'cur_nimg')).toBe(8192);
    expect(await file.verify()).toBe(true);
    await file.close();
    await file.close();
  });

  it('need EasyDict to be allowed', async () => {
    await expect(readTorchZip(goldenPath('training-state-0000008.pt'))).rejects.toThrow(/"dnnlib.util.EasyDict"/);
  });
});

import {
  OpaqueTensor,
  openPickle,
  type PickledArray,
  type PickleGlobal,
  type PickleObject,
  type PickleValue,
  readSafetensors,
  TORCH_GLOBALS,
  TorchTensor,
  toFloat32,
} from '@edm2/tensor-files';
import { goldenPath } from '@edm2/test-support';
import { describe, expect, it } from 'vitest';

async function contents(name: string): Promise<Map<string, PickleValue>> {
  const file = await openPickle(goldenPath(`torch-kinds/${name}.pt`), { allow: TORCH_GLOBALS });
  try {
    const map = file.value as Map<string, PickleValue>;
    // Values are read while the file is open.
    for (const [key, value] of map)
      if (value instanceof TorchTensor)
        map.set(key, { tensor: value, data: await value.read() } as unknown as PickleValue);
    return map;
  } finally {
    await file.close();
  }
}

describe.each(['read', 'read-legacy'])('%s', async (name) => {
  const expected = await readSafetensors(goldenPath('torch-kinds/read.safetensors'));
  const found = await contents(name);

  it('has every tensor', () => {
    expect([...found.keys()].sort()).toEqual([...expected.names].sort());
  });

  it.each(expected.names)('%s: values and shape as PyTorch has them', async (key) => {
    const { tensor, data } = found.get(key) as unknown as { tensor: TorchTensor; data: never };
    const want = await expected.read(key);
    const isComplex = tensor.dtype.startsWith('C');
    expect([...tensor.shape, ...(isComplex ? [2] : [])]).toEqual(want.shape);
    if (isComplex) {
      const values = tensor.dtype === 'C32' ? toFloat32(data, 'F16') : data;
      expect(Float64Array.from(values)).toEqual(want.data);
    } else if (tensor.dtype.startsWith('F8')) expect(toFloat32(data, tensor.dtype)).toEqual(want.data);
    else {
      expect(tensor.dtype).toBe(want.dtype);
      expect(data).toEqual(want.data);
    }
  });

  it('every tensor has its name and file, for errors', () => {
    const { tensor } = found.get('neg') as unknown as { tensor: TorchTensor };
    expect([tensor.name, tensor.file]).toEqual(['neg', expect.stringContaining(`${name}.pt`)]);
  });

  it('parameters and attributes are kept', () => {
    const tensorOf = (key: string) => (found.get(key) as unknown as { tensor: TorchTensor }).tensor;
    expect(tensorOf('plain').requiresGrad).toBe(false);
    expect(tensorOf('parameter').requiresGrad).toBe(true);
    expect(tensorOf('parameterState').requiresGrad).toBe(false);
    expect([...tensorOf('parameterState').attributes]).toEqual([['tag', 'x']]);
    expect([...tensorOf('attribute').attributes]).toEqual([['note', new Map([['a', 1]])]]);
  });

  it('a range and pieces of a lazy tensor are those of the whole', async () => {
    const file = await openPickle(goldenPath(`torch-kinds/${name}.pt`), { allow: TORCH_GLOBALS });
    for (const key of ['neg', 'negconjslice', 'conjT', 'expandedT', 'overlap', 'transposed']) {
      const tensor = (file.value as Map<string, TorchTensor>).get(key) as TorchTensor;
      const whole = await tensor.read();
      const width = whole.length / tensor.size;
      expect(await tensor.readRange(1, tensor.size - 1)).toEqual(whole.slice(width, -width));
      const pieces: number[] = [];
      for await (const piece of tensor.chunks({ chunkBytes: 16 })) pieces.push(...(piece as Float32Array));
      expect(pieces).toEqual([...whole]);
    }
    await file.close();
  });
});

describe.each(['opaque', 'opaque-legacy'])('%s', (name) => {
  it('each tensor that is not read says what it is', async () => {
    const kinds = [...(await contents(name))].map(([key, value]) => [key, value instanceof OpaqueTensor && value.kind]);
    expect(Object.fromEntries(kinds)).toEqual({
      coo: 'a sparse tensor (torch.sparse_coo)',
      csr: 'a sparse tensor (torch.sparse_csr)',
      csc: 'a sparse tensor (torch.sparse_csc)',
      bsr: 'a sparse tensor (torch.sparse_bsr)',
      bsc: 'a sparse tensor (torch.sparse_bsc)',
      qint8: 'a quantized tensor of I8',
      qchannel: 'a quantized tensor of U8',
      nested: 'a nested tensor',
      meta: 'a tensor of the device meta, which has no values',
      float4: 'a tensor of torch.float4_e2m1fn_x2',
      bits8: 'a tensor of torch.bits8',
    });
  });

  it('the parts of a sparse one can be read', async () => {
    const file = await openPickle(goldenPath(`torch-kinds/${name}.pt`), { allow: TORCH_GLOBALS });
    const [indices, values, shape] = ((file.value as Map<string, PickleValue>).get('coo') as OpaqueTensor).parts;
    expect(await (indices as TorchTensor).read()).toEqual(BigInt64Array.of(0n, 1n, 0n, 1n));
    expect(await (values as TorchTensor).read()).toEqual(Float32Array.of(1, 1));
    expect(shape).toEqual([2, 2]);
    await file.close();
  });
});

describe.each(['values', 'values-legacy'])('%s', (name) => {
  it('holds what a checkpoint has beside tensors', async () => {
    const found = await contents(name);
    const device = found.get('device') as PickleObject;
    expect([device.global, device.args]).toEqual(['torch.device', ['cuda', 1]]);
    expect((found.get('dtype') as PickleGlobal).name).toBe('torch.float16');
    expect((found.get('layout') as PickleObject).args).toEqual(['torch.strided']);
    expect((found.get('complex') as PickleObject).args).toEqual([1, 2]);
    expect((found.get('array') as PickledArray).data).toEqual(Float64Array.of(0, 1, 2));
    expect(
      Object.fromEntries(
        ['size', 'ordered', 'default', 'counter', 'set', 'number', 'big', 'none'].map((key) => [key, found.get(key)]),
      ),
    ).toEqual({
      size: [2, 3],
      ordered: new Map([['a', 1]]),
      default: new Map([['a', [1]]]),
      counter: new Map([
        ['a', 2],
        ['b', 1],
      ]),
      set: new Set([1]),
      number: 1.5,
      big: 2n ** 70n,
      none: null,
    });
    expect(['bytes', 'bytearray'].map((key) => Buffer.from(found.get(key) as Uint8Array).toString())).toEqual([
      'ab',
      'cd',
    ]);
  });
});

it('two types of the same bytes are two views of them', async () => {
  const found = await contents('two-types');
  const data = (key: string) => (found.get(key) as unknown as { data: unknown }).data;
  expect(data('bytes')).toEqual(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7));
  expect(data('words')).toEqual(Uint16Array.of(0x0100, 0x0302, 0x0504, 0x0706));
});

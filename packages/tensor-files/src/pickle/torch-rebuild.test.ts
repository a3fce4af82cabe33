import { describe, expect, it } from 'vitest';
import { call, legacyFile, type Part, storage, tensor, text, tuple } from './legacy.fixture.js';
import { PickleParseError } from './parse-error.js';
import { readPickle } from './read-pickle.js';
import { TORCH_GLOBALS } from './torch.js';
import { TorchTensor } from './torch-tensor.js';
import { OpaqueTensor, type PickleValue } from './values.js';

const TRUE = 136;
const FALSE = 137;
const NONE = 'N';
const EMPTY = '}';
const global = (name: string): Part[] => {
  const dot = name.lastIndexOf('.');
  return [`c${name.slice(0, dot)}\n${name.slice(dot + 1)}\n`];
};
/** A dictionary of one entry. */
const dict = (key: string, ...value: readonly Part[]): Part[] => ['}', text(key), ...value, 's'];

const six = storage(6);
const place: (readonly Part[])[] = [six, ['K', 0], tuple(2, 3), tuple(3, 1)];
const v2 = (...rest: (readonly Part[])[]) => call('torch._utils._rebuild_tensor_v2', ...place, ...rest);
const v3 = (...rest: (readonly Part[])[]) => call('torch._utils._rebuild_tensor_v3', ...place, ...rest);
const plain = tensor(6, 0, [2, 3], [3, 1]);

/** The value, beside a tensor that is always read. */
function read(parts: readonly Part[], allow: readonly string[] = []): PickleValue | undefined {
  const file = legacyFile([...parts, ...plain]);
  const [value, beside] = readPickle(file, { allow: [...TORCH_GLOBALS, ...allow] }) as PickleValue[];
  expect(beside).toBeInstanceOf(TorchTensor);
  return value;
}

const HOOKS = 'torch.utils.hooks.Hook';
const MINE = 'mine.Tensor';

describe('one tensor of a kind that is not read leaves the others readable, and says its kind', () => {
  it.each<[string, readonly Part[], string]>([
    ['backward hooks', v2([FALSE], dict('0', ...global(HOOKS))), 'a tensor with backward hooks'],
    ['metadata of another name', v2([FALSE], [EMPTY], dict('fw_grad', TRUE)), 'a tensor with metadata "fw_grad"'],
    ['metadata that is no dictionary', v2([FALSE], [EMPTY], ['K', 1]), 'a tensor with metadata of another kind ("1")'],
    ['a conjugate of real numbers', v2([FALSE], [EMPTY], dict('conj', TRUE)), 'a tensor of F32 as a lazy conjugate'],
    [
      'a negative of 8-bit floats',
      v3([FALSE], [EMPTY], global('torch.float8_e4m3fn'), dict('neg', TRUE)),
      'a tensor of F8_E4M3 as a lazy negative',
    ],
    ['an element type', v3([FALSE], [EMPTY], global('torch.uint3')), 'a tensor of torch.uint3'],
    [
      'a parameter with hooks',
      call('torch._utils._rebuild_parameter', plain, [TRUE], dict('0', ...global(HOOKS))),
      'a parameter with backward hooks',
    ],
    [
      'a class of somebody’s own',
      call(
        'torch._tensor._rebuild_from_type_v2',
        global('torch._utils._rebuild_tensor_v2'),
        global(MINE),
        ['(', ...place.flat(), FALSE, EMPTY, 't'],
        [EMPTY],
      ),
      'a tensor of the class mine.Tensor',
    ],
    [
      'a class and a function of somebody’s own',
      call('torch._tensor._rebuild_from_type_v2', global(HOOKS), global(MINE), [')'], [EMPTY]),
      'a tensor of the class mine.Tensor',
    ],
    [
      'a class without values',
      call(
        'torch._utils._rebuild_wrapper_subclass',
        global(MINE),
        global('torch.float32'),
        tuple(2),
        tuple(1),
        ['K', 0],
        [NONE],
        [NONE],
        [FALSE],
      ),
      'a tensor of the class mine.Tensor without values',
    ],
    [
      'a conversion',
      call('torch._utils._rebuild_device_tensor_from_cpu_tensor', plain, global('torch.float16'), text('xla:0'), [
        FALSE,
      ]).flat(),
      'a tensor to be converted to torch.float16',
    ],
    [
      'an old sparse tensor',
      call('torch._utils._rebuild_sparse_csr_tensor', text('torch.sparse_csr'), [')']),
      'a sparse tensor (torch.sparse_csr)',
    ],
    [
      'a parameter of a class of its own',
      call('torch._utils._rebuild_parameter', call(MINE), [TRUE], [EMPTY]),
      'a parameter of the class mine.Tensor',
    ],
  ])('%s', (_, parts, kind) => {
    const value = read(parts, [HOOKS, MINE]);
    expect(value).toBeInstanceOf(OpaqueTensor);
    expect((value as OpaqueTensor).kind).toBe(kind);
  });
});

describe('arguments that no tensor has are refused', () => {
  it.each<[string, readonly Part[], string]>([
    [
      'a fifth of the oldest call',
      call('torch._utils._rebuild_tensor', ...place, [FALSE]),
      'expected 4 arguments of a tensor, got 5',
    ],
    ['an eighth', v2([FALSE], [EMPTY], [EMPTY], [TRUE]), 'expected 5 to 7 arguments of a tensor, got 8'],
    ['requires_grad that is no boolean', v2(['K', 1], [EMPTY]), 'expected requires_grad, got "1"'],
    [
      'a type that is no name',
      v3([FALSE], [EMPTY], text('torch.uint16')),
      'expected an element type, got "torch.uint16"',
    ],
    [
      'a parameter’s requires_grad',
      call('torch._utils._rebuild_parameter', plain, [NONE], [EMPTY]),
      'expected requires_grad, got "null"',
    ],
    [
      'a parameter of a number',
      call('torch._utils._rebuild_parameter', ['K', 1], [TRUE], [EMPTY]),
      'expected a tensor, got "1"',
    ],
    [
      'attributes that are no dictionary',
      call('torch._utils._rebuild_parameter_with_state', plain, [TRUE], [EMPTY], ['K', 1]),
      'expected attributes of a tensor',
    ],
    [
      'a view beyond its storage',
      call(
        'torch._utils._rebuild_tensor',
        storage(6, ['(', text('1'), 'K', 4, 'K', 3, 't']),
        ['K', 0],
        tuple(2),
        tuple(1),
      ),
      'expected a storage of torch',
    ],
  ])('%s', (_, parts, words) => {
    const attempt = () => readPickle(legacyFile(parts), { allow: TORCH_GLOBALS });
    expect(attempt).toThrow(PickleParseError);
    expect(attempt).toThrow(words);
  });
});

describe('arguments are applied', () => {
  const values = async (value: PickleValue | undefined): Promise<number[]> => [
    ...((await (value as TorchTensor).read()) as Float32Array),
  ];

  it('negation, said or denied', async () => {
    expect(await values(read(v2([FALSE], [EMPTY], dict('neg', TRUE))))).toEqual([-0, -1, -2, -3, -4, -5]);
    expect(await values(read(v2([FALSE], [EMPTY], dict('neg', FALSE))))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await values(read(v2([FALSE], [EMPTY], [NONE])))).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('a part of a storage, with its own key', async () => {
    const part = storage(6, ['(', text('7'), 'K', 2, 'K', 3, 't']);
    const parts = call('torch._utils._rebuild_tensor', part, ['K', 1], tuple(2), tuple(1));
    expect(await values(read(parts))).toEqual([3, 4]);
  });

  it('big-endian numbers', async () => {
    const [value] = readPickle(legacyFile(plain, 6, true), { allow: TORCH_GLOBALS }) as PickleValue[];
    expect(await values(value)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('an array of NumPy that a device’s tensor was stored as', async () => {
    const bytes = [...Buffer.from(Float32Array.of(1, 2, 3, 4).buffer)];
    const dtype = [
      ...call('numpy.dtype', text('f4'), [FALSE], [TRUE]),
      '(',
      'K',
      3,
      text('<'),
      NONE,
      NONE,
      NONE,
      'J',
      255,
      255,
      255,
      255,
      'J',
      255,
      255,
      255,
      255,
      'K',
      0,
      't',
      'b',
    ];
    const array = call('numpy._core.numeric._frombuffer', ['C', bytes.length, ...bytes], dtype, tuple(2, 2), text('C'));
    for (const [type, expected] of [
      ['float32', 'F32'],
      ['bfloat16', 'BF16'],
    ] as const) {
      const tensor = read(
        call('torch._utils._rebuild_device_tensor_from_numpy', array, global(`torch.${type}`), text('xla:0'), [TRUE]),
      ) as TorchTensor;
      expect([tensor.dtype, tensor.shape, tensor.requiresGrad]).toEqual([expected, [2, 2], true]);
      expect(await tensor.readFloat32()).toEqual(Float32Array.of(1, 2, 3, 4));
    }
    const whole = read(
      call('torch._utils._rebuild_device_tensor_from_numpy', array, global('torch.int64'), text('xla:0'), [TRUE]),
    );
    expect((whole as OpaqueTensor).kind).toBe('a tensor of torch.int64 stored as an array of <f4');
  });

  it('a tensor of a device that was stored as one of the processor', async () => {
    const value = read(
      call('torch._utils._rebuild_device_tensor_from_cpu_tensor', plain, global('torch.float32'), text('xla:0'), [
        TRUE,
      ]),
    );
    expect((value as TorchTensor).requiresGrad).toBe(true);
    expect(await values(value)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('attributes of several states', () => {
    const state = ['(', ...dict('a', 'K', 1), ...dict('b', 'K', 2), 't'];
    const inner = call('torch._utils._rebuild_parameter_with_state', plain, [TRUE], [EMPTY], state);
    expect([...(read(inner) as TorchTensor).attributes]).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
  });
});

it('going through items again and again ends', () => {
  const long = ['(', ...new Array(3000).fill('N'), 'l', 'q', 0]; // a list, remembered
  const sets = new Array(300).fill(['c__builtin__\nset\n', 'h', 0, 133, 'R']).flat();
  expect(() => readPickle(legacyFile([...long, ...sets]), { allow: TORCH_GLOBALS })).toThrow(
    'expected to go through each item some times',
  );
});

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { goldenPath } from '@edm2/test-support';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { bytesOf, named, pickle, text } from './assemble.fixture.js';
import { MAX_MARKS } from './limits.js';
import { moduleState, SNAPSHOT_GLOBALS } from './module-state.js';
import { NUMPY_GLOBALS } from './numpy.js';
import { openPickle } from './open-pickle.js';
import { PickleParseError } from './parse-error.js';
import { readPickle } from './read-pickle.js';
import { TorchTensor } from './torch-tensor.js';
import { OpaqueTensor, PickleObject, type PickleValue } from './values.js';

const folder = await mkdtemp(join(tmpdir(), 'pickle-hostile-'));
afterAll(() => rm(folder, { recursive: true }));

const ALLOW = SNAPSHOT_GLOBALS;
const u32 = (value: number): number[] => [...Buffer.from(Uint32Array.of(value).buffer)];
const read = (bytes: Uint8Array, allow: readonly string[] = ALLOW) => readPickle(bytes, { allow });
const code = (bytes: Uint8Array, allow?: readonly string[]): string | undefined => {
  try {
    read(bytes, allow);
    return undefined;
  } catch (error) {
    if (error instanceof PickleParseError) return error.code;
    throw error;
  }
};

describe('readPickle on values', () => {
  it('reads every plain kind', () => {
    expect(read(bytesOf(128, 2, ']', '(', 'NK', 7, 'J', [255, 255, 255, 255], 138, 0, 138, 2, [0, 255], 'e.'))).toEqual(
      [null, 7, -1, 0, -256],
    );
    expect(read(pickle('X', u32(2), [0xc3, 0xa4]))).toBe('ä');
    expect(read(pickle(138, 9, [0, 0, 0, 0, 0, 0, 0, 0, 1]))).toBe(2n ** 64n);
    expect(read(pickle('G', [0xbf, 0xd9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a]))).toBe(-0.4);
    expect(read(pickle('}(', text('a'), 'K', 1, 'u'))).toEqual(new Map([['a', 1]]));
    expect(read(pickle(143, '(', 'K', 1, 'K', 2, 144))).toEqual(new Set([1, 2]));
    expect(read(pickle('C', 2, [1, 255]))).toEqual(Uint8Array.of(1, 255));
    expect(read(pickle('K', 1, 'K', 2, 134, 148, 'h', 0, 134))).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('keeps the parts of an allowed name that it does not know, and calls nothing', () => {
    const bytes = pickle(named('os', 'system'), text('true'), 133, 'R', '}(', text('k'), 'K', 5, 'ub');
    expect(code(bytes)).toBe('global');
    const value = read(bytes, ['os.system']);
    expect(value).toBeInstanceOf(PickleObject);
    expect(value).toMatchObject({ global: 'os.system', args: ['true'], state: new Map([['k', 5]]) });
  });

  it('leaves prototypes alone', () => {
    const value = read(pickle('}(', text('__proto__'), '}(', text('polluted'), 136, 'u', 'u'));
    expect(value).toBeInstanceOf(Map);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(code(pickle(named('constructor', 'prototype'), ')R'))).toBe('global');
    expect(read(pickle(named('__proto__', 'x'), ')R'), ['__proto__.x'])).toBeInstanceOf(PickleObject);
  });
});

describe('readPickle on what should not be', () => {
  it.each<[string, string, Uint8Array]>([
    ['nothing', 'truncated', bytesOf()],
    ['no end', 'truncated', bytesOf(128, 4, 'N')],
    ['protocol 9', 'protocol', bytesOf(128, 9, 'N.')],
    ['an extension', 'opcode', pickle(130, 1)],
    ['nothing on the stack', 'stack', pickle()],
    ['two values', 'stack', pickle('NN')],
    ['an open mark', 'stack', pickle('(N')],
    ['no mark', 'stack', pickle('Nt')],
    ['bytes after the end', 'trailing-bytes', bytesOf(pickle('N'), 0)],
    ['a text longer than the file', 'truncated', pickle('X', u32(1 << 20), 'abc')],
    ['a text of gigabytes', 'too-large', pickle('X', u32(0xffffffff))],
    ['bytes of gigabytes', 'truncated', pickle('B', u32(0xffffffff))],
    ['bytes of exabytes', 'truncated', pickle(142, u32(0xffffffff), u32(0xffffffff))],
    ['a frame longer than the file', 'truncated', pickle(149, u32(100), u32(0), 'N')],
    ['an integer of a megabyte', 'too-large', pickle(139, u32(1 << 20))],
    ['an integer of negative length', 'too-large', pickle(139, u32(0x80000000))],
    ['text that is not UTF-8', 'text', pickle(140, 1, 255)],
    ['a value that was not remembered', 'stack', pickle('h', 3)],
    ['items for a number', 'stack', pickle('K', 1, '(NNu')],
    ['an odd number of items', 'stack', pickle('}(NNNu')],
    ['a call of a number', 'stack', pickle('K', 1, ')R')],
    ['state for a number', 'stack', pickle('K', 1, '}b')],
    ['a persistent id', 'persistent-id', pickle(text('x'), 'Q')],
    ['a name without end', 'truncated', bytesOf(128, 2, 'cos\ngetcwd')],
    ['marks without end', 'too-large', bytesOf(128, 2, '('.repeat(MAX_MARKS + 1))],
    ['an element type without a name', 'value', pickle(named('numpy', 'dtype'), text('8'), 133, 'R')],
    ['a storage of garbage', 'opcode', pickle(named('torch.storage', '_load_from_bytes'), 'C', 3, [1, 2, 3], 133, 'R')],
    ['a parameter of nothing', 'value', pickle(named('torch._utils', '_rebuild_parameter'), 'N', 133, 'R')],
  ])('%s', (_, expected, bytes) => {
    expect(code(bytes)).toBe(expected);
  });

  it('copies each byte at most twice, however often a file asks', () => {
    // One array of half the file, asked for again and again.
    const size = 4000;
    const array = [...named('numpy.core.numeric', '_frombuffer'), 148];
    const type = [...named('numpy', 'dtype'), ...text('f8'), 133, 82, 148];
    const again = ['h', 0, '(', 'h', 2, 'h', 1, 'M', 500 % 256, 500 >> 8, 133, 140, 1, 'C', 't', 'R', '0'] as const;
    const bytes = pickle(array, type, 'B', u32(size), new Uint8Array(size), 148, ...Array(50).fill(again).flat(), '00');
    expect(code(bytes, NUMPY_GLOBALS)).toBe('too-large');
    const once = pickle(array, type, 'B', u32(size), new Uint8Array(size), 148, ...again, '00');
    expect(code(once, NUMPY_GLOBALS)).toBeUndefined();
  });

  it('modules inside themselves end', () => {
    const self = new PickleObject('torch.nn.modules.container.ModuleDict', [], new Map());
    self.state = new Map<PickleValue, PickleValue>([['_modules', new Map<PickleValue, PickleValue>([['me', self]])]]);
    expect(() => moduleState(self)).toThrow(/modules that end/);
    const sparse = new OpaqueTensor('a sparse tensor (torch.sparse_coo)');
    const module = new PickleObject('m.Net', [], new Map());
    module.state = new Map([['_parameters', new Map([['w', sparse]])]]);
    expect(() => moduleState(module)).toThrow('expected a tensor at w, got a sparse tensor (torch.sparse_coo)');
    expect(() => moduleState(null)).toThrow(RangeError);
  });
});

/** Reads bytes as every way does, tensors too; anything but a value or a clear error fails the test. */
async function survive(bytes: Uint8Array, path: string): Promise<void> {
  const walk = async (value: PickleValue, seen: Set<PickleValue>): Promise<void> => {
    if (typeof value !== 'object' || value === null || seen.has(value) || ArrayBuffer.isView(value)) return;
    seen.add(value);
    if (value instanceof TorchTensor) await value.read();
    if (value instanceof PickleObject) await walk([...value.args, value.state ?? null, value.entries], seen);
    const inside =
      value instanceof Map ? [...value].flat() : Array.isArray(value) || value instanceof Set ? [...value] : [];
    for (const part of inside) await walk(part, seen);
  };
  await writeFile(path, bytes);
  const fromFile = async () => {
    const file = await openPickle(path, { allow: ALLOW });
    try {
      await walk(file.value, new Set());
    } finally {
      await file.close();
    }
  };
  for (const way of [async () => walk(read(bytes), new Set()), fromFile])
    await way().catch((error: unknown) => {
      if (!(error instanceof PickleParseError)) throw error;
    });
}

describe.each([
  ['stats-tiny.pkl', 300],
  ['stats-tiny-np2-p5.pkl', 300],
  ['stats-tiny-p2.pkl', 300],
  ['network-snapshot-0008388-0.100.pkl', 150],
  ['training-state-0000008.pt', 60],
])('a damaged %s', (name, numRuns) => {
  it('gives a value or a clear error, in time', async () => {
    const whole = await readFile(goldenPath(name));
    const path = join(folder, name);
    // Where instructions are: flips in numbers change numbers and nothing else. The directory of a zip is at its end.
    const anywhere = fc.oneof(
      fc.nat(Math.min(whole.length, 30_000) - 1),
      fc.nat(whole.length - 1),
      fc.nat(Math.min(whole.length, 4000) - 1).map((i) => whole.length - 1 - i),
    );
    const flips = fc.array(fc.tuple(anywhere, fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(flips, fc.option(anywhere, { freq: 3 }), async (changes, end) => {
        const bytes = Uint8Array.from(whole.subarray(0, end ?? whole.length));
        for (const [place, mask] of changes) if (place < bytes.length) bytes[place] = (bytes[place] ?? 0) ^ mask;
        await survive(bytes, path);
      }),
      { numRuns, seed: 5 },
    );
  });
});

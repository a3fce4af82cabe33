import { readFileSync } from 'node:fs';
import {
  type PickledArray,
  type PickleObject,
  PickleParseError,
  type PickleValue,
  readPickle,
  TORCH_GLOBALS,
} from '@edm2/tensor-files';
import { goldenPath } from '@edm2/test-support';
import { describe, expect, it } from 'vitest';

const { numpy, ...files }: Record<string, string> = JSON.parse(
  readFileSync(goldenPath('pickle-protocols.json'), 'utf8'),
);
const allow = [...TORCH_GLOBALS, 'argparse.Namespace'];
const read = (text: string | Uint8Array): PickleValue =>
  readPickle(typeof text === 'string' ? Buffer.from(text, 'latin1') : text, { allow });

describe.each(Object.keys(files))('protocol %s', (protocol) => {
  const bytes = Buffer.from(files[protocol] ?? '', 'base64');

  it('gives the values that were written', () => {
    const value = read(bytes) as Map<string, PickleValue>;
    const plain = Object.fromEntries(
      ['ints', 'floats', 'bools', 'text', 'tuple', 'set', 'number', 'ordered'].map((key) => [key, value.get(key)]),
    );
    expect(plain).toEqual({
      ints: [0, 1, -5, 300, 2 ** 40, 2n ** 70n],
      floats: [1.5, -2.5e300, Number.POSITIVE_INFINITY],
      bools: [true, false, null],
      text: 'é猫😀\\u0041\n\r',
      tuple: [1],
      set: new Set([1]),
      number: 1.5,
      ordered: new Map([['a', 1]]),
    });
    expect(value.get('again')).toBe(value.get('ints'));
    expect([...(value.get('bytes') as Uint8Array)]).toEqual([97, 255]);
    const { shape, data } = value.get('array') as PickledArray;
    expect([shape, data]).toEqual([[2, 3], Float64Array.of(0, 1, 2, 3, 4, 5)]);
    const { global, state } = value.get('object') as PickleObject;
    expect([global, state]).toEqual(['argparse.Namespace', new Map([['x', 1]])]);
  });

  it('is refused wherever it is cut, and never ends in another error than ours', () => {
    for (let length = 0; length < bytes.length; length++)
      expect(() => read(bytes.subarray(0, length)), `${length}`).toThrow(PickleParseError);
  });
});

describe('arrays of NumPy', () => {
  const value = read(Buffer.from(numpy ?? '', 'base64')) as Map<string, PickleValue>;
  const array = (key: string) => value.get(key) as PickledArray;

  it('of either byte order and of complex numbers are read', () => {
    expect([array('big').dtype, array('big').data]).toEqual(['<f8', Float64Array.of(1.5, -2)]);
    expect([array('complex').dtype, array('complex').data]).toEqual(['<c8', Float32Array.of(1, 2, 3, 0, 4, 0, 0, 5)]);
    expect((value.get('scalar') as PickleObject).args).toEqual([1, -2]);
    expect(value.get('bigscalar')).toBe(3);
  });

  it('of something else say what they are when their values are taken, and the others are read', () => {
    expect(array('plain').data).toEqual(BigInt64Array.of(0n, 1n, 2n));
    for (const [key, words] of [
      ['objects', /expected an array of numbers, got an array of Python objects\. Save plain numbers/],
      ['text', /an array of texts \(<U2\)/],
      ['records', /an array of records/],
      ['date', /an array of dates or times/],
    ] as const)
      expect(() => array(key).data, key).toThrow(words);
    expect(array('objects').shape).toEqual([2]);
  });
});

describe('lines of protocol 0', () => {
  it.each<[string, unknown]>([
    ["S'a\\x00\\'\\\\\\101\\n'\n.", "a\0'\\A\n"],
    ['S"it\'s"\np0\n.', "it's"],
    ['V\\\\u0041\\u0041\n.', '\\\\u0041A'],
    ['I007\n.', 7],
    ['L-1L\n.', -1],
    ['Fnan\n.', Number.NaN],
    ['F-inf\r\n.', Number.NEGATIVE_INFINITY],
    ['(I1\nI2\nt.', [1, 2]],
    ['(lp0\nI1\nag0\n0.', [1]],
    ['(dp0\nVa\np1\nI1\ns.', new Map([['a', 1]])],
  ])('%j', (text, value) => {
    expect(read(text)).toEqual(value);
  });

  it('objects of old classes keep their class, arguments and state', () => {
    for (const text of ['(iargparse\nNamespace\np0\n(dp1\nVx\nI1\nsb.', '(cargparse\nNamespace\no}(Vx\nI1\nub.'])
      expect(read(text)).toMatchObject({ global: 'argparse.Namespace', state: new Map([['x', 1]]) });
  });

  it.each([
    ['Fone\n.', 'expected a number, got "one"'],
    ['I1.5\n.', 'expected an integer, got "1.5"'],
    ['L99x\n.', 'expected an integer'],
    [`L${'9'.repeat(700)}L\n.`, 'expected an integer of at most 618 digits'],
    ['\x80\x02Sabc\n.', 'expected a text in quotes'],
    ['V\\U00110000\n.', 'expected a character'],
    ['I1\npx\n.', 'expected an index'],
    ['I1\ng7\n.', 'expected remembered value 7'],
    ['I1\nI.', 'expected a line of at most'],
    ['(ios\nsystem\n.', 'got "os.system"'],
    ['P1\n.', 'expected a storage of torch'],
    ['I1\n.I2\n.', 'got another after it, from byte 4 on. Save each in a file of its own.'],
  ])('%j is refused', (text, words) => {
    expect(() => read(text)).toThrow(PickleParseError);
    expect(() => read(text)).toThrow(words);
  });
});

import type { Dice } from '../dice.js';
import { big, little } from './bytes.js';

const NAMES = [
  ['collections', 'OrderedDict'],
  ['torch._utils', '_rebuild_tensor_v2'],
  ['torch', 'FloatStorage'],
  ['torch', 'float16'],
  ['torch._utils', '_rebuild_parameter'],
  ['numpy.core.multiarray', '_reconstruct'],
  ['numpy', 'ndarray'],
  ['numpy', 'dtype'],
  ['numpy.core.multiarray', 'scalar'],
  ['_codecs', 'encode'],
  ['os', 'system'],
  ['builtins', 'eval'],
] as const;

const text = (value: string, opcode = 'X'): Buffer =>
  Buffer.concat([Buffer.from(opcode), little(Buffer.byteLength(value), opcode === 'X' ? 4 : 1), Buffer.from(value)]);

/** Instructions of a pickle, in any order that dice give; more that push than that take, so that many run for a while. */
export function anyPickle(dice: Dice): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from([0x80, dice.pick([2, 2, 3, 4, 5])])];
  if (dice.chance(0.2)) parts.push(Buffer.from([0x95]), little(dice.below(100), 8));
  for (let i = 5 + dice.below(60); i > 0; i--) parts.push(instruction(dice));
  parts.push(Buffer.from('.'));
  return Buffer.concat(parts);
}

function instruction(dice: Dice): Uint8Array {
  const [module, name] = dice.pick(NAMES);
  return dice.pick<() => Uint8Array>([
    () => Buffer.from(dice.pick(['N', '}', ']', ')', '(', '\x88', '\x89', '\x8f']), 'latin1'),
    () =>
      Buffer.from(
        dice.pick([
          't',
          'a',
          's',
          'u',
          'e',
          'R',
          'b',
          'l',
          'd',
          'Q',
          '0',
          '1',
          '2',
          'o',
          '\x85',
          '\x86',
          '\x87',
          '\x81',
          '\x90',
          '\x91',
          '\x94',
        ]),
        'latin1',
      ),
    () => Buffer.concat([Buffer.from('K'), little(dice.below(256), 1)]),
    () => Buffer.concat([Buffer.from('M'), little(dice.below(65_536), 2)]),
    () => Buffer.concat([Buffer.from('J'), little(dice.pick([0, 1, 2, 8, -1, 2 ** 31 - 1]), 4)]),
    () => Buffer.concat([Buffer.from([0x8a]), little(9, 1), dice.bytes(9)]),
    () => Buffer.concat([Buffer.from('G'), big(dice.below(2 ** 31 - 1), 8)]),
    () => text(dice.pick(['a', 'storage', '0', 'cpu', 'latin1', '<', 'f4', module, name])),
    () => text(dice.pick(['b', 'u1', name]), '\x8c'),
    () => Buffer.concat([Buffer.from('C'), little(4, 1), dice.bytes(4)]),
    () => Buffer.from(`c${module}\n${name}\n`),
    () => Buffer.concat([text(module), text(name), Buffer.from([0x93])]),
    () => Buffer.concat([Buffer.from('q'), little(dice.below(8), 1)]),
    () => Buffer.concat([Buffer.from('h'), little(dice.below(8), 1)]),
    () =>
      Buffer.concat([
        Buffer.from(dice.pick(['B', 'T', '\x8d', '\x8e', 'r', 'j']), 'latin1'),
        little(dice.below(2 ** 31 - 1), 4),
      ]),
    () =>
      Buffer.from(
        dice.pick([
          'I01\n',
          'L12L\n',
          "S'a'\n",
          'F1.5\n',
          'V\\u0041\n',
          'p1\n',
          'g1\n',
          'P0\n',
          'itypes\nFunctionType\n',
        ]),
      ),
  ])();
}

import type { Dice } from '../dice.js';
import { little } from './bytes.js';
import type { Member } from './zip.js';

const DESCR = [
  "'<f4'",
  "'>f8'",
  "'|u1'",
  "'?'",
  "'<U3'",
  "'|O'",
  "'=i8'",
  "'<c8'",
  "'f2'",
  "[('a', '<f4')]",
  "'<f4",
  '1',
  "'V8'",
  "'<M8[s]'",
];
const SHAPE = [
  '()',
  '(3,)',
  '(2, 3)',
  '(0,)',
  '(-1,)',
  '(1e3,)',
  '(99999999999,)',
  '(4294967296, 4294967296)',
  '(3',
  '[2]',
  'None',
  '(2,3,)',
  '(True,)',
];

/** An npy file: version, header and numbers, each at times not what it should be. */
export function anyNpy(dice: Dice): Uint8Array {
  const order = dice.pick(['True', 'False', 'False', 'None', '0']);
  const fields = [`'descr': ${dice.pick(DESCR)}`, `'fortran_order': ${order}`, `'shape': ${dice.pick(SHAPE)}`];
  if (dice.chance(0.1)) fields.splice(dice.below(3), 1);
  if (dice.chance(0.1)) fields.push(dice.pick(["'more': 1", "'descr': '<f8'", '__import__("os")', '\u0000']));
  const header = Buffer.from(`{${fields.join(', ')}, }\n`);
  const version = dice.pick([1, 1, 1, 2, 3, 0, 4, 255]);
  const width = version === 1 ? 2 : 4;
  const length = little(dice.chance(0.95) ? header.length : dice.below(2 ** 31 - 1), width);
  const magic = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  return Buffer.concat([magic, length, header, dice.bytes(dice.pick([0, 4, 12, 24, 25, 48]))]);
}

const BYTES: Readonly<Record<string, number>> = { '|u1': 1, '<u2': 2, '<f2': 2, '<f4': 4, '<f8': 8, '<i8': 8 };

/** A whole array of few values. */
function wholeNpy(type: string, shape: readonly number[], dice: Dice): Uint8Array {
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const header = Buffer.from(text.padEnd(117).concat('\n'));
  const magic = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]);
  const size = shape.reduce((product, length) => product * length, BYTES[type] ?? 1);
  return Buffer.concat([magic, header, dice.bytes(size)]);
}

/** Arrays of a data set: images and classes, with names, axes and counts of which some do not fit. */
export function anyArrays(dice: Dice): Member[] {
  const count = dice.pick([1, 2, 4]);
  const side = dice.pick([4, 8]);
  const axes = dice.pick([
    [count, side, side, 3],
    [count, 3, side, side],
    [count, side, side],
    [count, side, side, 1],
    [count, side * side * 3],
    [count, side, side, 2],
    [count],
    [0, side, side, 3],
  ]);
  const images = wholeNpy(dice.pick(['|u1', '|u1', '|u1', '<f4', '<f2', '<u2']), axes, dice);
  const labels = wholeNpy(dice.pick(['<i8', '|u1', '<f4']), [dice.pick([count, count, count + 1])], dice);
  const out: Member[] = [
    [dice.pick(['images.npy', 'x_train.npy', 'arr_0.npy', 'a.npy']), dice.chance(0.9) ? images : anyNpy(dice)],
  ];
  if (dice.chance(0.7))
    out.push([
      dice.pick(['labels.npy', 'y_train.npy', 'arr_1.npy', 'b.npy']),
      dice.chance(0.9) ? labels : anyNpy(dice),
    ]);
  if (dice.chance(0.1)) out.push(['more.npy', anyNpy(dice)]);
  return out;
}

/** Three numbers as NumPy writes them. */
export function anyPlainNpy(): Uint8Array {
  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }".padEnd(117).concat('\n');
  return Buffer.concat([
    Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]),
    Buffer.from(header),
    Buffer.alloc(12, 1),
  ]);
}

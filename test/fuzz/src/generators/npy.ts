import type { Dice } from '../dice.js';
import { little } from './bytes.js';

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

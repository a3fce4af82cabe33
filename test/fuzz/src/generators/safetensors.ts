import type { Dice } from '../dice.js';
import { little } from './bytes.js';
import { jsonWithOddPart } from './json.js';

const DTYPES = ['F32', 'F16', 'BF16', 'F64', 'I8', 'I64', 'U16', 'BOOL', 'F8_E4M3', 'F4', 'C64', 'f32', ''];

/** A safetensors file: header and numbers as they should be, or one thing in the header that should not. */
export function anySafetensors(dice: Dice): Uint8Array {
  const header: Record<string, unknown> = dice.chance(0.5) ? { __metadata__: { note: 'x', checksum: 'no' } } : {};
  let at = 0;
  for (let i = dice.below(5); i > 0; i--) {
    const shape = Array.from({ length: dice.below(4) }, () => dice.pick([0, 1, 2, 3, 7]));
    const dtype = dice.chance(0.8) ? 'F32' : dice.pick(DTYPES);
    const length = shape.reduce((product, side) => product * side, 4);
    header[`t${i}`] = { dtype, shape, data_offsets: [at, at + length] };
    at += length;
  }
  const stated = dice.chance(0.8) ? jsonWithOddPart(header, dice) : header;
  const text = Buffer.from(JSON.stringify(stated) ?? '');
  const length = dice.chance(0.95) ? text.length : dice.below(2 ** 31 - 1);
  return Buffer.concat([little(length, 8), text, Buffer.alloc(dice.chance(0.9) ? at : dice.below(64))]);
}

import { deflateRawSync } from 'node:zlib';
import type { Dice } from '../dice.js';
import { crc32, little } from './bytes.js';

/** A member: its name and bytes. */
export type Member = readonly [name: string, bytes: Uint8Array];

/** A zip in which each field is, with a small probability, another one than it should be. */
export function anyZip(members: readonly Member[], dice: Dice, oddity = 0.02): Uint8Array {
  const odd = (value: number | bigint, width: number): Buffer =>
    dice.chance(oddity)
      ? little(dice.pick([0, 1, 8, 99, 0xffff, 2 ** 32 - 1, 2 ** 31, dice.below(2 ** 31 - 1)]), width)
      : little(value, width);
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [text, bytes] of members) {
    const name = dice.chance(oddity) ? dice.bytes(dice.below(20)) : Buffer.from(text);
    const deflated = dice.chance(0.5);
    const body = deflated ? deflateRawSync(bytes) : bytes;
    const flags = dice.chance(oddity) ? dice.below(65_536) : 0x800;
    const extra = dice.chance(oddity * 2)
      ? Buffer.concat([little(1, 2), little(dice.below(40), 2), dice.bytes(dice.below(40))])
      : Buffer.alloc(0);
    const fields = () => [
      ...[odd(flags, 2), odd(deflated ? 8 : 0, 2), odd(0, 2), odd(33, 2), odd(crc32(bytes), 4)],
      ...[odd(body.length, 4), odd(bytes.length, 4), odd(name.length, 2), odd(extra.length, 2)],
    ];
    const local = Buffer.concat([little(0x04034b50, 4), odd(20, 2), ...fields(), name, extra, body]);
    const place = odd(at, 4);
    directory.push(
      Buffer.concat([
        ...[little(0x02014b50, 4), odd(20, 2), odd(20, 2), ...fields(), odd(0, 2), odd(0, 2), odd(0, 2), odd(0, 4)],
        ...[place, Buffer.from(name), extra],
      ]),
    );
    parts.push(local);
    at += local.length;
  }
  const listed = Buffer.concat(directory);
  const count = members.length;
  const zip64 = dice.chance(0.1)
    ? Buffer.concat([
        ...[little(0x06064b50, 4), odd(44, 8), odd(45, 2), odd(45, 2), odd(0, 4), odd(0, 4), odd(count, 8)],
        ...[odd(count, 8), odd(listed.length, 8), odd(at, 8)],
        ...[little(0x07064b50, 4), odd(0, 4), odd(at + listed.length, 8), odd(1, 4)],
      ])
    : Buffer.alloc(0);
  const [small, place] = zip64.length > 0 && dice.chance(0.8) ? [0xffff, 0xffffffff] : [count, at];
  const end = [
    little(0x06054b50, 4),
    odd(0, 2),
    odd(0, 2),
    odd(small, 2),
    odd(small, 2),
    odd(listed.length, 4),
    odd(place, 4),
    odd(0, 2),
  ];
  return Buffer.concat([...parts, listed, zip64, ...end]);
}

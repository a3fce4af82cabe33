import { deflateSync } from 'node:zlib';
import type { Dice } from '../dice.js';
import { big, crc32 } from './bytes.js';

/** A PNG of small sides: its header says what dice say, its pixels may be too few or too many. */
export function anyPng(dice: Dice): Uint8Array {
  const side = dice.pick([1, 2, 4, 8, 8, 8, 0, 65_536, 2 ** 31 - 1]);
  const header = Buffer.concat([
    big(side, 4),
    big(dice.chance(0.9) ? side : dice.below(300), 4),
    Buffer.from([
      dice.pick([1, 2, 4, 8, 8, 8, 16, 3]),
      dice.pick([0, 2, 2, 3, 4, 6, 1]),
      dice.pick([0, 0, 0, 1]),
      0,
      dice.pick([0, 0, 0, 1, 9]),
    ]),
  ]);
  const rows = deflateSync(dice.bytes(dice.pick([0, 16, 72, 200, 264, 520])));
  const chunks = [
    chunk('IHDR', header, dice),
    ...(dice.chance(0.3)
      ? [chunk(dice.pick(['PLTE', 'tRNS', 'gAMA', 'iCCP', 'zTXt', 'acTL', 'eXIf']), dice.bytes(dice.below(40)), dice)]
      : []),
    chunk('IDAT', rows, dice),
    ...(dice.chance(0.9) ? [chunk('IEND', Buffer.alloc(0), dice)] : []),
  ];
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...chunks]);
}

function chunk(type: string, body: Uint8Array, dice: Dice): Buffer {
  const named = Buffer.concat([Buffer.from(type), body]);
  const sum = dice.chance(0.97) ? crc32(named) : dice.below(2 ** 31 - 1);
  return Buffer.concat([
    big(dice.chance(0.97) ? body.length : dice.pick([0, 2 ** 31 - 1, 2 ** 32 - 1]), 4),
    named,
    big(sum, 4),
  ]);
}

/** Segments of a whole JPEG in another order, or with lengths of their own. */
export function anyJpeg(whole: Uint8Array, dice: Dice): Uint8Array {
  const segments: Buffer[] = [];
  let at = 2;
  while (at + 4 <= whole.length && whole[at] === 0xff && whole[at + 1] !== 0xda) {
    const length = ((whole[at + 2] ?? 0) << 8) | (whole[at + 3] ?? 0);
    segments.push(Buffer.from(whole.subarray(at, at + 2 + length)));
    at += 2 + length;
  }
  const scan = Buffer.from(whole.subarray(at));
  const bent = dice.pick(segments.length > 0 ? segments : [Buffer.alloc(4)]);
  dice.pick<() => void>([
    () => void segments.splice(segments.indexOf(bent), 1),
    () => void segments.splice(dice.below(segments.length), 0, bent),
    () => void segments.reverse(),
    () => void bent.writeUInt16BE(dice.below(65_536), 2),
    () => void bent.set(dice.bytes(Math.min(8, bent.length - 4)), 4 + dice.below(Math.max(1, bent.length - 12))),
    () => void segments.push(Buffer.from([0xff, 0xe0 + dice.below(16), 0, 2 + dice.below(8)])),
  ])();
  return Buffer.concat([Buffer.from([0xff, 0xd8]), ...segments, scan]);
}

/** An IDX file of any type, rank and sides, with about as many numbers as it says. */
export function anyIdx(dice: Dice, count: number, side: number): Uint8Array {
  const rank = dice.pick([1, 3, 3, 3, 4, 0, 255]);
  const sides = Array.from({ length: Math.min(rank, 4) }, (_, i) =>
    dice.chance(0.85) ? (i === 0 ? count : side) : dice.pick([0, 1, 2 ** 31, 2 ** 32 - 1]),
  );
  const type = dice.pick([8, 8, 8, 9, 0x0b, 0x0c, 0x0d, 0x0e, 0, 0xff]);
  const values = dice.chance(0.85) ? count * side ** (Math.min(rank, 4) - 1) : dice.below(2000);
  return Buffer.concat([
    Buffer.from([0, 0, type, rank]),
    ...sides.map((length) => big(length, 4)),
    Buffer.alloc(Math.min(4096, Math.round(values))),
  ]);
}

/** A whole BMP of 8×8. */
export function anyBmp(): Uint8Array {
  const out = Buffer.alloc(54 + 192);
  out.write('BM');
  for (const [at, value] of [
    [2, 246],
    [10, 54],
    [14, 40],
    [18, 8],
    [22, 8],
    [34, 192],
  ] as const)
    out.writeUInt32LE(value, at);
  out.writeUInt16LE(1, 26);
  out.writeUInt16LE(24, 28);
  return out.fill(99, 54);
}

/** A whole PPM of 8×8. */
export const anyPpm = (): Uint8Array => Buffer.concat([Buffer.from('P6\n8 8\n255\n'), Buffer.alloc(192, 7)]);

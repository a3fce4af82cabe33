import type { Dice } from './dice.js';

/** Numbers at the edges of what fields hold. */
const EDGES = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

type Mutation = (bytes: Uint8Array, dice: Dice, others: readonly Uint8Array[]) => Uint8Array;

const at = (bytes: Uint8Array, dice: Dice): number => dice.below(Math.max(1, bytes.length));
/** Headers are where formats break: half of all places are in the first or last 256 bytes. */
const place = (bytes: Uint8Array, dice: Dice): number => {
  if (dice.chance(0.5) || bytes.length < 512) return at(bytes, dice);
  return dice.chance(0.5) ? dice.below(256) : bytes.length - 1 - dice.below(256);
};
const concat = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, dice) {
    const i = place(bytes, dice);
    bytes[i] = (bytes[i] ?? 0) ^ (1 << dice.below(8));
    return bytes;
  },
  function setByte(bytes, dice) {
    bytes[place(bytes, dice)] = dice.below(256);
    return bytes;
  },
  function setNumber(bytes, dice) {
    const width = dice.pick([1, 2, 4, 8]);
    const value = BigInt.asUintN(width * 8, dice.pick(EDGES) + BigInt(dice.below(3) - 1));
    const start = place(bytes, dice);
    for (let i = 0; i < width && start + i < bytes.length; i++)
      bytes[start + i] = Number((value >> BigInt(8 * (dice.chance(0.1) ? width - 1 - i : i))) & 255n);
    return bytes;
  },
  function setDigits(bytes, dice) {
    // Lengths and shapes written as text.
    const digits = [...bytes.subarray(0, 65_536).entries()].flatMap(([i, byte]) =>
      byte >= 0x30 && byte <= 0x39 ? [i] : [],
    );
    if (digits.length === 0) return bytes;
    const start = dice.pick(digits);
    const text = dice.pick(['9', '99999999', '-1', '1e9', '18446744073709551616', '0', '']);
    return concat(bytes.subarray(0, start), Buffer.from(text), bytes.subarray(start + 1));
  },
  (bytes, dice) => bytes.slice(0, at(bytes, dice)),
  (bytes, dice) => concat(bytes, dice.bytes(1 + dice.below(64))),
  function remove(bytes, dice) {
    const start = place(bytes, dice);
    return concat(bytes.subarray(0, start), bytes.subarray(start + 1 + dice.below(32)));
  },
  function insert(bytes, dice) {
    const start = place(bytes, dice);
    return concat(bytes.subarray(0, start), dice.bytes(1 + dice.below(32)), bytes.subarray(start));
  },
  function repeat(bytes, dice) {
    const start = at(bytes, dice);
    const piece = bytes.subarray(start, start + 1 + dice.below(256));
    return concat(bytes.subarray(0, start), piece, bytes.subarray(start));
  },
  function zero(bytes, dice) {
    const start = place(bytes, dice);
    bytes.fill(dice.chance(0.5) ? 0 : 255, start, start + 1 + dice.below(64));
    return bytes;
  },
  function splice(bytes, dice, others) {
    const other = dice.pick(others);
    return concat(bytes.subarray(0, at(bytes, dice)), other.subarray(at(other, dice)));
  },
];

/** A file damaged one to four times. The input stays as it is. */
export function mutate(input: Uint8Array, dice: Dice, others: readonly Uint8Array[] = [input]): Uint8Array {
  let bytes = Uint8Array.from(input);
  const times = 1 + dice.below(4);
  for (let i = 0; i < times; i++) bytes = Uint8Array.from(dice.pick(MUTATIONS)(bytes, dice, others));
  return bytes;
}

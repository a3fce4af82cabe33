/** One step of a stream's address: a purpose (`'noise'`), a name or an index. */
export type PathElement = string | number;

const TAG_NUMBER = 1;
const TAG_STRING = 2;

const float64 = new Float64Array(1);
const float64Words = new Uint32Array(float64.buffer);

function appendNumber(words: number[], value: number): void {
  float64[0] = value === 0 ? 0 : value; // −0 and 0 are the same address
  words.push(TAG_NUMBER, float64Words[0] as number, float64Words[1] as number);
}

function appendString(words: number[], value: string): void {
  words.push(TAG_STRING, value.length);
  for (let i = 0; i < value.length; i += 2) {
    words.push(value.charCodeAt(i) | ((i + 1 < value.length ? value.charCodeAt(i + 1) : 0) << 16));
  }
}

const rotl = (x: number, r: number): number => (x << r) | (x >>> (32 - r));

/** MurmurHash3's 32-bit finaliser: every input bit flips every output bit with probability close to ½. */
function finalMix(h: number): number {
  let x = h;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/**
 * 128-bit address of a stream: the mixing of MurmurHash3_x86_128 (Appleby, public domain) over an unambiguous encoding of seed and
 * path in 32-bit words, padded with zeros to whole blocks.
 *
 * Types and lengths are part of the encoding, so `('ab')`, `('a', 'b')`, `(1)` and `('1')` are four different addresses.
 *
 * @returns four 32-bit words, never all zero.
 */
export function hashPath(seed: number, path: readonly PathElement[]): [number, number, number, number] {
  const words: number[] = [];
  appendNumber(words, seed);
  for (const element of path) {
    if (typeof element === 'number') appendNumber(words, element);
    else appendString(words, element);
  }
  const length = words.length;
  while (words.length % 4 !== 0) words.push(0);

  const c1 = 0x239b961b;
  const c2 = 0xab0e9789;
  const c3 = 0x38b34ae5;
  const c4 = 0xa1e38b93;
  let h1 = 0;
  let h2 = 0;
  let h3 = 0;
  let h4 = 0;
  for (let i = 0; i < words.length; i += 4) {
    h1 ^= Math.imul(rotl(Math.imul(words[i] ?? 0, c1), 15), c2);
    h1 = (Math.imul((rotl(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0;
    h2 ^= Math.imul(rotl(Math.imul(words[i + 1] ?? 0, c2), 16), c3);
    h2 = (Math.imul((rotl(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0;
    h3 ^= Math.imul(rotl(Math.imul(words[i + 2] ?? 0, c3), 17), c4);
    h3 = (Math.imul((rotl(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0;
    h4 ^= Math.imul(rotl(Math.imul(words[i + 3] ?? 0, c4), 18), c1);
    h4 = (Math.imul((rotl(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0;
  }
  const bytes = 4 * length;
  h1 ^= bytes;
  h2 ^= bytes;
  h3 ^= bytes;
  h4 ^= bytes;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  h1 = finalMix(h1);
  h2 = finalMix(h2);
  h3 = finalMix(h3);
  h4 = finalMix(h4);
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  // An all-zero state is the one that xoroshiro never leaves.
  return (h1 | h2 | h3 | h4) === 0 ? [1, 0, 0, 0] : [h1, h2, h3, h4];
}

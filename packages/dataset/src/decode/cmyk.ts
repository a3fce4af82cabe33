/**
 * CMYK → RGB as Pillow's `convert('RGB')` has it, without colour profiles: `(255 − K) − C·(255 − K)/255`, the product rounded.
 *
 * @param cmyk - `[…, 4]`, 0 is no ink.
 * @returns `[…, 3]`, a new array.
 */
export function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let from = 0, to = 0; from < cmyk.length; from += 4) {
    const light = 255 - (cmyk[from + 3] as number);
    for (let c = 0; c < 3; c++, to++) {
      const product = (cmyk[from + c] as number) * light + 128;
      rgb[to] = light - (((product >> 8) + product) >> 8);
    }
  }
  return rgb;
}

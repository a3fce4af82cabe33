import type { io } from '@tensorflow/tfjs-core';

/** Bytes of one stored value; text has no fixed length. */
const BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  complex64: 8,
  bool: 1,
  uint8: 1,
  uint16: 2,
  float16: 2,
};

/** How many bytes the weights of a manifest take, as they are stored; undefined where some are text, or of an unknown type. */
export function weightBytes(specs: readonly io.WeightsManifestEntry[]): number | undefined {
  let total = 0;
  for (const { shape, dtype, quantization } of specs) {
    const each = BYTES[quantization?.dtype ?? dtype];
    if (each === undefined) return undefined;
    total += each * shape.reduce((product, side) => product * side, 1);
  }
  return total;
}

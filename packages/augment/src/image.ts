/** A square image: `[size, size, channels]`, row-major. */
export interface Image {
  readonly values: Float32Array;
  readonly size: number;
  readonly channels: number;
}

/**
 * The pixel that stands at place `i` of a row of `size`, where the row is mirrored at its first and last pixel, again and again. A mirrored
 * pixel is not repeated: 2 1 0 1 2 1 0.
 */
export function reflect(i: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const inside = ((i % period) + period) % period;
  return inside < size ? inside : period - inside;
}

/** @throws {RangeError} when the values are not those of a square image. */
export function checkImage(fn: string, { values, size, channels }: Image): void {
  const isCount = (n: number): boolean => Number.isInteger(n) && n > 0;
  if (!isCount(size) || !isCount(channels) || values.length !== size * size * channels)
    throw new RangeError(
      `${fn}: expected values of [${size}, ${size}, ${channels}], got ${values.length} of them. Pass one square image.`,
    );
}

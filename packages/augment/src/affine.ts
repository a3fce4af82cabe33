/**
 * An affine map of the plane, `x' = xx·x + xy·y + tx`, `y' = yx·x + yy·y + ty`. Lengths are in pixels, the origin is the image's middle, x goes
 * right and y goes down.
 */
export interface Affine {
  readonly xx: number;
  readonly xy: number;
  readonly tx: number;
  readonly yx: number;
  readonly yy: number;
  readonly ty: number;
}

/** Leaves every point where it is. */
export const IDENTITY: Affine = { xx: 1, xy: 0, tx: 0, yx: 0, yy: 1, ty: 0 };

/** Stretches by `x` to the sides and by `y` up and down. */
export const scale2d = (x: number, y: number): Affine => ({ ...IDENTITY, xx: x, yy: y });

/** Turns by `angle` radians, from the x axis towards the y axis: clockwise on the screen. */
export function rotate2d(angle: number): Affine {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return { xx: cos, xy: -sin, tx: 0, yx: sin, yy: cos, ty: 0 };
}

/** Shifts by `x` pixels to the right and `y` pixels down. */
export const translate2d = (x: number, y: number): Affine => ({ ...IDENTITY, tx: x, ty: y });

/** What comes of applying `first`, then `then`: the matrix product `then · first`. */
export const compose = (then: Affine, first: Affine): Affine => ({
  xx: then.xx * first.xx + then.xy * first.yx,
  xy: then.xx * first.xy + then.xy * first.yy,
  tx: then.xx * first.tx + then.xy * first.ty + then.tx,
  yx: then.yx * first.xx + then.yy * first.yx,
  yy: then.yx * first.xy + then.yy * first.yy,
  ty: then.yx * first.tx + then.yy * first.ty + then.ty,
});

/** @throws {RangeError} when the map flattens the plane. */
export function invert({ xx, xy, tx, yx, yy, ty }: Affine): Affine {
  const det = xx * yy - xy * yx;
  if (!(Math.abs(det) > 0 && Number.isFinite(det)))
    throw new RangeError(
      `invert: expected a map that can be undone, got one of determinant ${det}. Correct its scale.`,
    );
  const inverse = { xx: yy / det, xy: -xy / det, yx: -yx / det, yy: xx / det };
  return {
    ...inverse,
    tx: -(inverse.xx * tx + inverse.xy * ty),
    ty: -(inverse.yx * tx + inverse.yy * ty),
  };
}

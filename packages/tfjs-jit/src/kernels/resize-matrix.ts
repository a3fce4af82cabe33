/**
 * Resizing along one axis as a matrix `[to, from]`, by TensorFlow's rules; the transposed matrix is the exact gradient. Runtimes' own
 * resizing is slower than two products at the sizes of images here, and follows rules of its own.
 */
export function resizeMatrix(
  kind: 'bilinear' | 'nearest',
  from: number,
  to: number,
  alignCorners: boolean,
  halfPixel: boolean,
): Float32Array {
  const corners = alignCorners && to > 1;
  const ratio = (corners ? from - 1 : from) / (corners ? to - 1 : to);
  const matrix = new Float32Array(to * from);
  const last = from - 1;
  for (let i = 0; i < to; i++) {
    if (kind === 'nearest') {
      const source = ratio * (halfPixel ? i + 0.5 : i);
      const nearest = alignCorners ? Math.round(source) : Math.floor(source);
      matrix[i * from + Math.max(0, Math.min(last, nearest))] = 1;
      continue;
    }
    const source = halfPixel ? ratio * (i + 0.5) - 0.5 : ratio * i;
    const below = Math.max(0, Math.floor(source));
    const above = Math.min(last, Math.ceil(source));
    const share = above === below ? 0 : source - below;
    matrix[i * from + below] = 1 - share;
    matrix[i * from + above] = (matrix[i * from + above] as number) + share;
  }
  return matrix;
}

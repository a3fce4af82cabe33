import { at, type Node, resizeMatrix } from '@edm2/tfjs-jit/graph';
import type { Emitter, Lowering, Lowerings } from './emitter.js';
import { repeatPixels } from './pool.js';

type Kind = 'bilinear' | 'nearest';

/** Multiplies an NCHW image by the matrices of both axes; transposed for the gradient. */
function resize(
  kind: Kind,
  x: string,
  node: Node,
  from: readonly number[],
  to: readonly number[],
  gradient: boolean,
  e: Emitter,
): string {
  const matrix = (axis: 2 | 3): string => {
    const extents = [at(to, axis), at(from, axis)];
    const data = resizeMatrix(
      kind,
      at(from, axis),
      at(to, axis),
      node.attrs['alignCorners'] === true,
      node.attrs['halfPixelCenters'] === true,
    );
    return e.tensor(data, extents, 'float32');
  };
  const rows = e.matmul(matrix(2), x, { transposeA: gradient, rankA: 2, rankB: 4 });
  return e.matmul(rows, matrix(3), { transposeB: !gradient, rankA: 4, rankB: 2 });
}

const forward =
  (kind: Kind): Lowering =>
  (node, e) => {
    const x = at(node.inputs, 0);
    const [, , h, w] = x.shape as [number, number, number, number];
    const [, , height, width] = at(node.outputs, 0).shape as [number, number, number, number];
    const whole = height % h === 0 && width % w === 0 && node.attrs['alignCorners'] !== true;
    if (kind === 'nearest' && whole) return repeatPixels(e.name(x), x.shape, [height / h, width / w], e);
    return resize(kind, e.name(x), node, x.shape, at(node.outputs, 0).shape, false, e);
  };

const backward =
  (kind: Kind): Lowering =>
  (node, e) => {
    const [images, dy] = [at(node.inputs, 0), at(node.inputs, 1)];
    return resize(kind, e.name(dy), node, images.shape, dy.shape, true, e);
  };

/** Resizing and its gradients, on NCHW. */
export const resizing: Lowerings = {
  ResizeBilinear: forward('bilinear'),
  ResizeNearestNeighbor: forward('nearest'),
  ResizeBilinearGrad: backward('bilinear'),
  ResizeNearestNeighborGrad: backward('nearest'),
};

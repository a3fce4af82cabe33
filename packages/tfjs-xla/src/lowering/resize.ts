import { at, type Node, resizeMatrix, type Two } from '@edm2/tfjs-jit/graph';
import { type Emitter, type Lowering, type Lowerings, longs, type Ref } from './emitter.js';
import { reduce } from './reduce.js';

type Kind = 'bilinear' | 'nearest';

const arg = (node: Node, e: Emitter, index = 0): Ref => e.ref(at(node.inputs, index));

/** Multiplies the rows and columns of NHWC images by the matrices of both axes; transposed for the gradient. */
function resize(kind: Kind, x: Ref, node: Node, from: Two, to: Two, gradient: boolean, e: Emitter): Ref {
  const [alignCorners, halfPixel] = [node.attrs['alignCorners'] === true, node.attrs['halfPixelCenters'] === true];
  const along = (image: Ref, i: 0 | 1): Ref => {
    const matrix = e.tensor(resizeMatrix(kind, from[i], to[i], alignCorners, halfPixel), [to[i], from[i]], 'float32');
    const axis = i + 1;
    const rest = image.shape.filter((_, other) => other !== axis);
    const extent = gradient ? from[i] : to[i];
    const dims = `lhs_contracting_dimensions = [${gradient ? 0 : 1}], rhs_contracting_dimensions = [${axis}]`;
    const attributes = `dot_dimension_numbers = #stablehlo.dot<${dims}>, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]`;
    const made = e.op('dot_general', [matrix, image], { shape: [extent, ...rest] }, attributes);
    return e.transpose(made, axis === 1 ? [1, 0, 2, 3] : [1, 2, 0, 3]);
  };
  return along(along(x, 0), 1);
}

const extents = (shape: readonly number[]): Two => [at(shape, 1), at(shape, 2)];

/** Whole multiples from the first pixel on, where every pixel is simply repeated. */
const isWhole = (node: Node, from: Two, to: Two): boolean =>
  to[0] % from[0] === 0 && to[1] % from[1] === 0 && node.attrs['alignCorners'] !== true;

function repeated(x: Ref, [rows, columns]: Two, e: Emitter): Ref {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const shape = [n, h, rows, w, columns, c];
  const apart = e.op('broadcast_in_dim', [x], { shape }, `broadcast_dimensions = ${longs([0, 1, 3, 5])}`);
  return e.reshape(apart, [n, h * rows, w * columns, c]);
}

const forward =
  (kind: Kind): Lowering =>
  (node, e) => {
    const x = arg(node, e);
    const [from, to] = [extents(x.shape), extents(at(node.outputs, 0).shape)];
    if (kind === 'nearest' && isWhole(node, from, to)) return repeated(x, [to[0] / from[0], to[1] / from[1]], e);
    return resize(kind, x, node, from, to, false, e);
  };

const backward =
  (kind: Kind): Lowering =>
  (node, e) => {
    const dy = arg(node, e, 1);
    const { shape } = at(node.outputs, 0);
    const [from, to] = [extents(shape), extents(dy.shape)];
    if (kind === 'bilinear' || !isWhole(node, from, to)) return resize(kind, dy, node, from, to, true, e);
    const [n, h, w, c] = shape as [number, number, number, number];
    const apart = e.reshape(dy, [n, h, to[0] / h, w, to[1] / w, c]);
    return reduce('add', apart, [2, 4], e);
  };

/** Resizing and its gradients, NHWC. */
export const resizing: Lowerings = {
  ResizeBilinear: forward('bilinear'),
  ResizeNearestNeighbor: forward('nearest'),
  ResizeBilinearGrad: backward('bilinear'),
  ResizeNearestNeighborGrad: backward('nearest'),
};

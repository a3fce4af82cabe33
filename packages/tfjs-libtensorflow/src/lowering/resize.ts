import { at, type Node } from '@edm2/tfjs-jit/graph';
import type { Emitter, Lowering, Lowerings, Ref } from './emitter.js';
import type { NodeAttributes } from './graph-def.js';

const arg = (node: Node, e: Emitter, index = 0): Ref => e.ref(at(node.inputs, index));
const pixels = (node: Node, e: Emitter): Ref => e.ints(at(node.outputs, 0).shape.slice(1, 3));

const attributes = (node: Node): NodeAttributes => ({
  align_corners: { bool: node.attrs['alignCorners'] === true },
  half_pixel_centers: { bool: node.attrs['halfPixelCenters'] === true },
});

const forward =
  (type: string): Lowering =>
  (node, e) =>
    e.op(type, [arg(node, e), pixels(node, e)], attributes(node));

/** Resizing and its gradients, NHWC. */
export const resizing: Lowerings = {
  ResizeBilinear: forward('ResizeBilinear'),
  ResizeNearestNeighbor: forward('ResizeNearestNeighbor'),
  ResizeBilinearGrad: (node, e) => e.op('ResizeBilinearGrad', [arg(node, e, 1), arg(node, e)], attributes(node)),
  ResizeNearestNeighborGrad: (node, e) =>
    e.op('ResizeNearestNeighborGrad', [arg(node, e, 1), pixels(node, e)], attributes(node)),
};

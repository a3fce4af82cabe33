import type { Graph, Node, Value } from '../graph/graph.js';
import { matcher } from '../graph/matcher.js';
import { at, number } from '../kernels/spec.js';

/**
 * Recognises doubling an image by concatenating it with itself,
 * `[N,H,W,C] → [N·H·W, C]‖same → [N·H, 2·W·C]‖same → [N, 2H, 2W, C]`, and writes it as one resize kernel. As
 * concatenations it insists on NHWC; as a resize it runs in the layout of the convolutions around it.
 */
export function recogniseUpsampling(graph: Graph): Graph {
  const { made } = matcher(graph);
  /** The tensor that a concatenation along axis 1 repeats twice. */
  const twice = (value: Value | undefined): Value | undefined => {
    const concat = made(value, 'Concat');
    if (concat === undefined || concat.inputs.length !== 2 || number(concat.attrs, 'axis') !== 1) return undefined;
    const [a, b] = concat.inputs;
    const same = a === b || sourceOf(a) === sourceOf(b);
    return same ? a : undefined;
  };
  /** Equal reshapes of one tensor count as that tensor. */
  const sourceOf = (value: Value | undefined): Value | undefined => made(value, 'Reshape')?.inputs[0] ?? value;

  const nodes = graph.nodes.map((node): Node => {
    if (node.kernel !== 'Reshape') return node;
    const rows = twice(node.inputs[0]);
    const pixels = twice(made(rows, 'Reshape')?.inputs[0]);
    const image = made(pixels, 'Reshape')?.inputs[0];
    if (rows === undefined || pixels === undefined || image?.shape.length !== 4) return node;
    const [n, h, w, c] = image.shape as [number, number, number, number];
    const shapes = [pixels.shape, rows.shape, at(node.outputs, 0).shape];
    if (shapes.join('|') !== `${[n * h * w, c]}|${[n * h, 2 * w * c]}|${[n, 2 * h, 2 * w, c]}`) return node;
    const attrs = { size: [2 * h, 2 * w], alignCorners: false, halfPixelCenters: false };
    return { ...node, kernel: 'ResizeNearestNeighbor', inputs: [image], attrs };
  });
  return { ...graph, nodes };
}

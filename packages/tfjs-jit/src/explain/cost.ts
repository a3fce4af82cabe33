import { type Node, sizeOf } from '../graph/graph.js';
import { at } from '../kernels/spec.js';

/** Multiply-adds that cost about as much as moving one element through memory, on a current CPU core. */
const FLOPS_PER_ELEMENT = 16;
/** Kernels that only rename what is there. */
const FREE: ReadonlySet<string> = new Set(['Reshape', 'ExpandDims']);

/** What a kernel call costs, estimated from its shapes. */
export interface Cost {
  /** Multiply-adds of a product, 0 for everything else. */
  readonly flops: number;
  /** Elements read and written. */
  readonly moved: number;
  /** Both together, in multiply-adds. */
  readonly total: number;
}

/** Estimates a kernel call. */
export function costOf(node: Node): Cost {
  if (FREE.has(node.kernel)) return { flops: 0, moved: 0, total: 0 };
  const moved = [...node.inputs, ...node.outputs].reduce((sum, value) => sum + sizeOf(value.shape), 0);
  const flops = products(node);
  return { flops, moved, total: flops + moved * FLOPS_PER_ELEMENT };
}

/** Multiply-adds of convolutions and matrix products. */
function products(node: Node): number {
  const output = at(node.outputs, 0).shape;
  const input = (i: number): readonly number[] => at(node.inputs, i).shape;
  // HWIO where TensorFlow.js's layout was kept, OIHW where images lie as NCHW.
  const taps = (filter: readonly number[]): number =>
    sizeOf(node.attrs['dataFormat'] === 'NCHW' ? filter.slice(1) : filter.slice(0, -1));
  const window = (filter: readonly number[]): number =>
    sizeOf(node.attrs['dataFormat'] === 'NCHW' ? filter.slice(2) : filter.slice(0, 2));
  switch (node.kernel) {
    case 'Conv2D':
      return sizeOf(output) * taps(input(1));
    case 'Conv2DBackpropInput':
      return sizeOf(input(0)) * taps(input(1));
    case 'Conv2DBackpropFilter':
      return sizeOf(input(1)) * taps(output);
    case 'DepthwiseConv2dNative':
      return sizeOf(output) * window(input(1));
    case 'DepthwiseConv2dNativeBackpropInput':
      return sizeOf(input(0)) * window(input(1));
    case 'DepthwiseConv2dNativeBackpropFilter':
      return sizeOf(input(1)) * window(output);
    case 'BatchMatMul':
      return sizeOf(output) * at(input(0), input(0).length - (node.attrs['transposeA'] === true ? 2 : 1));
    default:
      return 0;
  }
}

import { draw } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { extents, from, type KernelCase } from './kernel-case.js';

const image = fc.record({ n: extents(2), h: extents(6, 3), w: extents(6, 3), c: extents(4) });
const as4 = (x: tf.Tensor | undefined): tf.Tensor4D => x as tf.Tensor4D;
const ACTIVATIONS = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'] as const;
const activation = fc.constantFrom(...ACTIVATIONS);

/** Kernels that are recorded as several simpler ones. */
export const composed: readonly KernelCase[] = [
  {
    name: 'fused matMul: bias, activation, transposed factors',
    kernels: ['_FusedMatMul'],
    gradients: true,
    calls: from(
      fc.record({ m: extents(4), k: extents(4), n: extents(4), ta: fc.boolean(), tb: fc.boolean(), activation }),
      ({ m, k, n, ta, tb, activation: kind }, seed) => ({
        fn: (a, b, bias, alpha) =>
          tf.fused.matMul({
            a: a as tf.Tensor,
            b: b as tf.Tensor,
            transposeA: ta,
            transposeB: tb,
            bias: bias as tf.Tensor,
            activation: kind,
            leakyreluAlpha: 0.3,
            ...(kind === 'prelu' ? { preluActivationWeights: alpha as tf.Tensor } : {}),
          }),
        inputs: [
          draw(seed, ta ? [k, m] : [m, k]),
          draw(seed + 1, tb ? [n, k] : [k, n]),
          draw(seed + 2, [n]),
          ...(kind === 'prelu' ? [draw(seed + 3, [n])] : []),
        ],
      }),
    ),
  },
  {
    name: 'fused conv2d and depthwiseConv2d',
    kernels: ['FusedConv2D', 'FusedDepthwiseConv2D'],
    calls: from(
      fc.record({ i: image, stride: extents(2), pad: fc.constantFrom('same' as const, 'valid' as const), activation }),
      ({ i: { n, h, w, c }, stride, pad, activation: kind }, seed) => ({
        fn: (x, filter, depthwise, bias, alpha) => {
          const shared = {
            x: as4(x),
            strides: stride,
            pad,
            bias: bias as tf.Tensor,
            activation: kind,
            leakyreluAlpha: 0.3,
          };
          const prelu = kind === 'prelu' ? { preluActivationWeights: alpha as tf.Tensor } : {};
          return [
            tf.fused.conv2d({ ...shared, ...prelu, filter: as4(filter) }),
            tf.fused.depthwiseConv2d({ ...shared, ...prelu, filter: as4(depthwise) }),
          ];
        },
        inputs: [
          draw(seed, [n, h, w, c]),
          draw(seed + 1, [3, 3, c, c]),
          draw(seed + 2, [3, 3, c, 1]),
          draw(seed + 3, [c]),
          draw(seed + 4, [c]),
        ],
      }),
    ),
  },
  {
    name: 'conv2d on NCHW',
    kernels: ['Conv2D'],
    gradients: true,
    calls: from(fc.record({ i: image, stride: extents(2) }), ({ i: { n, h, w, c }, stride }, seed) => ({
      fn: (x, filter) => tf.conv2d(as4(x), as4(filter), stride, 'same', 'NCHW'),
      inputs: [draw(seed, [n, c, h, w]), draw(seed + 1, [3, 3, c, 2])],
      // cpu knows NCHW forward only.
      expected: (x, filter) =>
        tf.transpose(tf.conv2d(tf.transpose(as4(x), [0, 2, 3, 1]), as4(filter), stride, 'same'), [0, 3, 1, 2]),
    })),
  },
  {
    name: 'batchNorm',
    kernels: ['FusedBatchNorm'],
    gradients: true,
    tolerance: 2e-5,
    calls: from(image, ({ n, h, w, c }, seed) => ({
      fn: (x, mean, variance, offset, scale) =>
        tf.batchNorm(
          as4(x),
          mean as tf.Tensor1D,
          variance as tf.Tensor1D,
          offset as tf.Tensor1D,
          scale as tf.Tensor1D,
          0.01,
        ),
      inputs: [
        draw(seed, [n, h, w, c]),
        draw(seed + 1, [c]),
        draw(seed + 2, [c], 'positive'),
        draw(seed + 3, [c]),
        draw(seed + 4, [c]),
      ],
    })),
  },
  {
    name: 'batchNorm without scale and offset',
    kernels: ['FusedBatchNorm'],
    calls: from(image, ({ n, h, w, c }, seed) => ({
      fn: (x, mean, variance) => tf.batchNorm(as4(x), mean as tf.Tensor1D, variance as tf.Tensor1D),
      inputs: [draw(seed, [n, h, w, c]), draw(seed + 1, [c]), draw(seed + 2, [c], 'positive')],
    })),
  },
  {
    name: 'localResponseNormalization',
    kernels: ['LRN', 'LRNGrad'],
    gradients: true,
    calls: from(fc.record({ i: image, radius: extents(3, 0) }), ({ i: { n, h, w, c }, radius }, seed) => ({
      fn: (x) => tf.localResponseNormalization(as4(x), radius, 1.5, 0.3, 0.7),
      inputs: [draw(seed, [n, h, w, c])],
    })),
  },
  {
    name: 'spaceToBatchND and batchToSpaceND',
    kernels: ['SpaceToBatchND', 'BatchToSpaceND'],
    gradients: true,
    calls: from(fc.record({ n: extents(2), h: extents(3), w: extents(3), c: extents(3) }), ({ n, h, w, c }, seed) => ({
      fn: (x) => {
        const apart = tf.spaceToBatchND(
          as4(x),
          [2, 3],
          [
            [1, 1],
            [0, 3],
          ],
        );
        return tf.batchToSpaceND(
          tf.square(apart),
          [2, 3],
          [
            [1, 0],
            [2, 1],
          ],
        );
      },
      inputs: [draw(seed, [n, 2 * h, 3 * w, c])],
    })),
  },
  {
    name: 'depthToSpace on both formats',
    kernels: ['DepthToSpace'],
    calls: from(
      fc.record({ n: extents(2), h: extents(3), c: extents(3), size: extents(3, 2) }),
      ({ n, h, c, size }, s) => ({
        fn: (x) => tf.depthToSpace(as4(x), size),
        inputs: [draw(s, [n, h, h + 1, c * size * size])],
      }),
    ),
  },
  {
    name: 'dilated convolutions through tf.layers’ atrous form',
    kernels: ['Conv2D'],
    calls: from(image, ({ n, h, w, c }, seed) => ({
      fn: (x, filter, depthwise) => [
        tf.conv2d(as4(x), as4(filter), 1, 'same', 'NHWC', 2),
        tf.depthwiseConv2d(as4(x), as4(depthwise), 1, 'valid', 'NHWC', 1),
        tf.pool(as4(x), 2, 'max', 'same', 2, 1),
        tf.pool(as4(x), 2, 'avg', 'valid', 1, 2),
      ],
      inputs: [draw(seed, [n, h + 2, w + 2, c]), draw(seed + 1, [3, 3, c, 2]), draw(seed + 2, [2, 2, c, 2])],
    })),
  },
  {
    name: 'cumprod of every form',
    kernels: ['Cumprod'],
    calls: from(
      fc.record({ n: extents(9), m: extents(3), exclusive: fc.boolean(), reverse: fc.boolean() }),
      (s, seed) => ({
        fn: (x) => [tf.cumprod(x as tf.Tensor, 0, s.exclusive, s.reverse), tf.cumprod(x as tf.Tensor, 1, s.exclusive)],
        inputs: [draw(seed, [s.n, s.m])],
      }),
    ),
  },
  {
    name: 'prod and its gradient',
    kernels: ['Prod'],
    gradients: true,
    calls: from(fc.record({ n: extents(4), m: extents(4) }), ({ n, m }, seed) => ({
      fn: (x) => tf.prod(x as tf.Tensor, 1),
      inputs: [draw(seed, [n, m], 'positive')],
    })),
  },
  {
    name: 'einsum',
    kernels: ['Einsum'],
    calls: from(fc.record({ b: extents(3), i: extents(3), j: extents(4), k: extents(3) }), ({ b, i, j, k }, seed) => ({
      fn: (x, y, z) => [
        tf.einsum('bij,bjk->bik', x as tf.Tensor, y as tf.Tensor),
        tf.einsum('bij->ji', x as tf.Tensor),
        tf.einsum('bij,k->bijk', x as tf.Tensor, z as tf.Tensor),
        tf.einsum('bij,bij->b', x as tf.Tensor, x as tf.Tensor),
        tf.einsum('bij->', x as tf.Tensor),
      ],
      inputs: [draw(seed, [b, i, j]), draw(seed + 1, [b, j, k]), draw(seed + 2, [k])],
    })),
  },
  {
    name: 'einsum over several summed axes',
    kernels: ['Einsum'],
    calls: from(fc.record({ b: extents(3), i: extents(3), j: extents(4), k: extents(3) }), ({ b, i, j, k }, seed) => ({
      fn: (x, y) => tf.einsum('bij,bjk->kb', x as tf.Tensor, y as tf.Tensor),
      inputs: [draw(seed, [b, i, j]), draw(seed + 1, [b, j, k])],
      // cpu leaves the second summed axis in.
      expected: (x, y) => tf.transpose(tf.sum(tf.matMul(x as tf.Tensor, y as tf.Tensor), 1)),
    })),
  },
  {
    name: 'atan2',
    kernels: ['Atan2'],
    gradients: true,
    calls: from(fc.record({ n: extents(4), m: extents(4) }), ({ n, m }, seed) => ({
      fn: (a, b) => tf.atan2(a as tf.Tensor, b as tf.Tensor),
      inputs: [draw(seed, [n, m]), draw(seed + 1, [m])],
    })),
  },
  {
    name: 'atan2 on the axes',
    kernels: ['Atan2'],
    calls: from(fc.constant(null), () => ({
      fn: (a, b) => tf.atan2(a as tf.Tensor, b as tf.Tensor),
      inputs: [tf.tensor1d([1, -1, 0, 0, 2, -2, 0]), tf.tensor1d([0, 0, 1, -1, 2, -2, 0])],
    })),
  },
  {
    name: 'mirrorPad of both modes',
    kernels: ['MirrorPad'],
    calls: from(fc.record({ n: extents(4, 2), m: extents(4, 2) }), ({ n, m }, seed) => ({
      fn: (x) => [
        tf.mirrorPad(
          x as tf.Tensor,
          [
            [n, 1],
            [0, m],
          ],
          'symmetric',
        ),
        tf.mirrorPad(
          x as tf.Tensor,
          [
            [n - 1, 1],
            [0, m - 1],
          ],
          'reflect',
        ),
      ],
      inputs: [draw(seed, [n, m])],
    })),
  },
  {
    name: 'dilation2d',
    kernels: ['Dilation2D', 'Dilation2DBackpropInput', 'Dilation2DBackpropFilter'],
    gradients: true,
    calls: from(
      fc.record({
        i: image,
        stride: extents(2),
        rate: extents(2),
        pad: fc.constantFrom('same' as const, 'valid' as const),
      }),
      ({ i: { n, h, w, c }, stride, rate, pad }, seed) => ({
        fn: (x, filter) => tf.dilation2d(as4(x), filter as tf.Tensor3D, stride, pad, rate),
        inputs: [draw(seed, [n, h, w, c]), draw(seed + 1, [2, 2, c])],
      }),
    ),
  },
  {
    name: 'maxPoolWithArgmax: what the indices point to',
    kernels: ['MaxPoolWithArgmax'],
    calls: from(
      fc.record({
        i: image,
        k: extents(3),
        stride: extents(2),
        pad: fc.constantFrom('same' as const, 'valid' as const),
      }),
      ({ i: { n, h, w, c }, k, stride, pad }, seed) => ({
        fn: (x) => {
          const whole = tf.maxPoolWithArgmax(as4(x), k, stride, pad, true);
          const first = tf.maxPoolWithArgmax(tf.slice(as4(x), 0, 1), k, stride, pad, false);
          return [
            whole.result,
            ...[whole, first].map(({ indexes }) => tf.gather(tf.reshape(as4(x), [-1]), indexes as tf.Tensor)),
          ] as tf.Tensor[];
        },
        inputs: [draw(seed, [n, h, w, c])],
        // cpu has no such kernel.
        expected: (x) => {
          const pooled = tf.maxPool(as4(x), k, stride, pad);
          return [pooled, pooled, tf.slice(pooled, 0, 1)];
        },
      }),
    ),
  },
  {
    name: 'flipLeftRight and cropAndResize',
    kernels: ['FlipLeftRight', 'CropAndResize'],
    calls: from(
      fc.record({
        i: image,
        height: extents(4),
        width: extents(4),
        method: fc.constantFrom('bilinear' as const, 'nearest' as const),
      }),
      ({ i: { n, h, w, c }, height, width, method }, seed) => ({
        fn: (x, boxes, which) => [
          tf.image.flipLeftRight(as4(x)),
          tf.image.cropAndResize(as4(x), boxes as tf.Tensor2D, which as tf.Tensor1D, [height, width], method, 7),
        ],
        inputs: [
          draw(seed, [n, h, w, c]),
          // Partly outside, upside down, and whole.
          tf.tensor2d([0.1, 0.2, 0.85, 0.9, 0.9, 0.8, 0.15, 0.05, -0.3, 0.4, 0.7, 1.3, 0, 0, 1, 1], [4, 4]),
          draw(seed + 1, [4], { below: n }),
        ],
      }),
    ),
  },
];

import { draw } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { extents, from, type KernelCase } from './kernel-case.js';

const volume = fc.record({ n: extents(2), d: extents(4, 2), h: extents(4, 2), w: extents(4, 2), c: extents(3) });
const pad = fc.constantFrom('same' as const, 'valid' as const);
const as5 = (x: tf.Tensor | undefined): tf.Tensor5D => x as tf.Tensor5D;

/** Kernels on volumes. */
export const volumes: readonly KernelCase[] = [
  {
    name: 'conv3d',
    kernels: ['Conv3D', 'Conv3DBackpropInputV2', 'Conv3DBackpropFilterV2'],
    gradients: true,
    calls: from(
      fc.record({ v: volume, stride: extents(2), pad }),
      ({ v: { n, d, h, w, c }, stride, pad: p }, seed) => ({
        fn: (x, filter) => tf.conv3d(as5(x), as5(filter), [stride, 1, stride], p),
        inputs: [draw(seed, [n, d, h, w, c]), draw(seed + 1, [2, 2, 2, c, 2])],
      }),
    ),
  },
  {
    name: 'maxPool3d',
    kernels: ['MaxPool3D', 'MaxPool3DGrad'],
    gradients: true,
    calls: from(
      fc.record({ v: volume, stride: extents(2), pad }),
      ({ v: { n, d, h, w, c }, stride, pad: p }, seed) => ({
        fn: (x) => tf.maxPool3d(as5(x), [2, 2, 2], [1, stride, stride], p),
        inputs: [draw(seed, [n, d, h, w, c])],
      }),
    ),
  },
  {
    name: 'avgPool3d',
    kernels: ['AvgPool3D', 'AvgPool3DGrad'],
    gradients: true,
    wrongOnCpu: true,
    calls: from(fc.record({ v: volume, stride: extents(2), pad: extents(1, 0) }), ({ v, stride, pad: p }, seed) => {
      const { n, d, h, w, c } = v;
      return {
        fn: (x) => tf.avgPool3d(as5(x), [2, 2, 2], stride, p),
        inputs: [draw(seed, [n, d, h, w, c])],
        // cpu's gradient divides by the whole window where padding does not count.
        expected: (x) => {
          const ones = tf.tidy(() => {
            const eye = tf.reshape(tf.eye(c), [1, 1, 1, c, c]);
            return tf.tile(eye, [2, 2, 2, 1, 1]) as tf.Tensor5D;
          });
          const around: [number, number][] = [
            [0, 0],
            [p, p],
            [p, p],
            [p, p],
            [0, 0],
          ];
          const sums = (t: tf.Tensor): tf.Tensor => tf.conv3d(tf.pad(t, around) as tf.Tensor5D, ones, stride, 'valid');
          return tf.div(sums(x as tf.Tensor), sums(tf.onesLike(x as tf.Tensor)));
        },
      };
    }),
  },
];

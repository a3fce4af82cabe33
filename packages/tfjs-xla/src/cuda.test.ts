import '@tensorflow/tfjs';
import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { compiledForH100, convolutionsOf, HAS_CUDA, IF_CUDA } from './optimized-program.test-support.js';
import { startXla } from './start.js';

/** A convolution's step: forward, and the gradients of both its inputs. */
const step =
  (stride: number) =>
  (x: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor[] => {
    const { value, grads } = tf.valueAndGrads((...[image, taps]: tf.Tensor[]) =>
      tf.sum(tf.square(tf.conv2d(image as tf.Tensor4D, taps as tf.Tensor4D, stride, 'same'))),
    )([x, filter]);
    return [value, ...grads];
  };

describe(`compiled for an H100 without one, ${IF_CUDA}`, () => {
  describe.skipIf(!HAS_CUDA)('CUDA 13', () => {
    it.skipIf(existsSync('/dev/nvidiactl'))('without a device, starting says what to look at', async () => {
      await expect(startXla({ plugin: 'cuda13' })).rejects.toThrow(/expected a device for .*, got none: .*nvidia-smi/);
    });

    it.each([
      ['float32', 1],
      ['bfloat16', 1],
      ['bfloat16', 2],
    ] as const)(
      'a step gets cuDNN’s forward, input-gradient and filter-gradient convolutions: %s, stride %i',
      (precision, stride) => {
        const args = [tf.zeros([8, 32, 32, 128]), tf.zeros([3, 3, 128, 128])] as [tf.Tensor4D, tf.Tensor4D];
        const program = compiledForH100(step(stride), args, { precision });
        expect(program.instructions.some(({ opcode }) => opcode === 'convolution')).toBe(false);
        for (const [kind, calls] of convolutionsOf(program)) {
          expect(calls.length, kind).toBe(1);
          const types = calls[0]?.operands.map(({ type }) => type).slice(0, 2);
          expect(types, kind).toEqual(precision === 'bfloat16' ? ['bf16', 'bf16'] : ['f32', 'f32']);
        }
      },
    );
  });
});

import '@tensorflow/tfjs';
import { existsSync } from 'node:fs';
import { type Engine, jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { lowerToStableHlo } from './lower-to-stablehlo.js';
import { compileAheadOfTime } from './native/ahead-of-time.js';
import { Plugin } from './native/plugin.js';
import { findPlugins } from './plugins/locate.js';
import { startXla } from './start.js';
import { giveTools } from './tools.js';

const CUDA = findPlugins().find(({ kind }) => kind === 'cuda13');

/** What an H100 tells of itself. */
const H100 = `gpu_device_info { threads_per_block_limit: 1024 threads_per_warp: 32 shared_memory_per_block: 49152
  shared_memory_per_core: 233472 threads_per_core_limit: 2048 core_count: 132 fpus_per_core: 128 block_dim_limit_x: 2147483647
  block_dim_limit_y: 65535 block_dim_limit_z: 65535 memory_bandwidth: 3352320000000 l2_cache_size: 52428800 clock_rate_ghz: 1.98
  device_memory_size: 84978434048 shared_memory_per_block_optin: 232448 cuda_compute_capability { major: 9 }
  registers_per_core_limit: 65536 registers_per_block_limit: 65536 } runtime_version { major: 13 minor: 0 } platform_name: "CUDA"
  dnn_version_info { major: 9 minor: 12 } device_description_str: "NVIDIA H100 80GB HBM3"`;

/** The optimized program of one call of a function, for an H100 that is not here. */
function optimized<Args extends readonly unknown[]>(
  plugin: Plugin,
  fn: (...args: Args) => unknown,
  args: Args,
  precision: 'float32' | 'bfloat16' = 'float32',
): string {
  let text = '';
  const engine: Engine = {
    name: 'recorder',
    backend: 'cpu',
    precisions: ['float32', 'bfloat16'],
    compile(graph, options) {
      text = lowerToStableHlo(graph, options).text;
      throw new Error('recorded');
    },
  };
  expect(() => jit(fn, { engine, precision })(...args)).toThrow('recorded');
  return compileAheadOfTime(plugin, H100, text);
}

/** A convolution's step: forward, and the gradients of both its inputs. */
const step =
  (stride: number) =>
  (x: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor[] => {
    const { value, grads } = tf.valueAndGrads((...[image, taps]: tf.Tensor[]) =>
      tf.sum(tf.square(tf.conv2d(image as tf.Tensor4D, taps as tf.Tensor4D, stride, 'same'))),
    )([x, filter]);
    return [value, ...grads];
  };

describe(`compiled for an H100 without one, ${CUDA ? 'present' : 'skipped: not installed: npx tfjs-xla install --cuda13'}`, () => {
  describe.skipIf(CUDA === undefined)('CUDA 13', () => {
    const open = (): Plugin => {
      if (CUDA === undefined) throw new Error('expected a plugin, got none.');
      process.env['XLA_FLAGS'] = '--xla_gpu_autotune_level=0';
      giveTools(CUDA);
      return Plugin.open(CUDA.file);
    };

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
        const program = optimized(
          open(),
          step(stride),
          [tf.zeros([8, 32, 32, 128]), tf.zeros([3, 3, 128, 128])] as never,
          precision,
        );
        const calls = [...new Set(program.match(/__cudnn\$conv\w+/g) ?? [])];
        for (const kind of ['Forward', 'BackwardInput', 'BackwardFilter'])
          expect(
            calls.some((call) => call.includes(kind)),
            `${kind} in ${calls}`,
          ).toBe(true);
      },
    );
  });
});

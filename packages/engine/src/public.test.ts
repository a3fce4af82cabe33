import '@tensorflow/tfjs';
import { type EngineName, type EngineReport, startEngine } from '@edm2/engine';
import * as tf from '@tensorflow/tfjs-core';
import { expect, expectTypeOf, test } from 'vitest';

type Names = 'auto' | 'tensorflow-gpu' | 'tensorflow' | 'onnxruntime' | 'webgpu' | 'wasm' | 'cpu';

test('every public name does what the reference says', async () => {
  expectTypeOf<EngineName>().toEqualTypeOf<Names>();
  expectTypeOf(startEngine).returns.toEqualTypeOf<Promise<EngineReport>>();
  const report = await startEngine('cpu');
  expect(report).toMatchObject({ name: 'cpu', backend: 'cpu' });
  expect(tf.getBackend()).toBe('cpu');
});

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '@tensorflow/tfjs';
import { type EngineName, parseEngineName, startEngine } from '@edm2/engine';
import { jit } from '@edm2/tfjs-jit';
import { findPlugins } from '@edm2/tfjs-xla';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test, vi } from 'vitest';

test('auto takes an engine that compiles, and says why', async () => {
  const report = await startEngine();
  expect(report).toMatchObject({ name: 'onnxruntime', backend: 'onnxruntime', device: 'CPU' });
  expect(tf.getBackend()).toBe('onnxruntime');
  expect(report.version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(report.why).toMatch(/^onnxruntime .* \(tensorflow-gpu: /);
  expect(report.why).not.toMatch(/\n/);
  const y = jit((x: tf.Tensor) => tf.square(x), report.engine ? { engine: report.engine } : {})(tf.tensor1d([3]));
  expect(Array.from(y.dataSync())).toEqual([9]);
});

test('threads are passed on', async () => {
  expect((await startEngine('onnxruntime', { threads: 1 })).why).toMatch(/1 thread,/);
});

test('an old Node.js is refused before anything starts', async () => {
  vi.stubGlobal('process', { ...process, versions: { node: '18.0.0' } });
  try {
    await expect(startEngine('cpu')).rejects.toThrow(/expected Node\.js 20 or newer, got 18\.0\.0/);
  } finally {
    vi.unstubAllGlobals();
  }
});

test('cpu runs op by op', async () => {
  const report = await startEngine('cpu');
  expect(report.engine).toBeUndefined();
  expect(tf.getBackend()).toBe('cpu');
});

test.each<[EngineName, RegExp]>([
  ['tensorflow', /expected tensorflow to start, got: .*npx tfjs-libtensorflow install/],
  ['tensorflow-gpu', /expected tensorflow-gpu to start, got: .*install --cuda/],
  ['webgpu', /asynchronously/],
])('%s fails by name where it is not there, and does not fall back', async (name, message) => {
  vi.stubEnv('TFJS_LIBTENSORFLOW_DIR', join(tmpdir(), 'edm2-no-such-folder'));
  try {
    await startEngine('cpu');
    await expect(startEngine(name)).rejects.toThrow(message);
    expect(tf.getBackend()).toBe('cpu');
  } finally {
    vi.unstubAllEnvs();
  }
});

const large = { parameters: 16_600_000 };

test('auto passes over a library that is not installed, whatever the size', async () => {
  vi.stubEnv('TFJS_LIBTENSORFLOW_DIR', join(tmpdir(), 'edm2-no-such-folder'));
  try {
    const { name, why } = await startEngine('auto', large);
    expect(name).toBe('onnxruntime');
    expect(why).toMatch(
      /for training 16\.60 M parameters \(tensorflow-gpu: not installed; tensorflow: not installed\)/,
    );
  } finally {
    vi.unstubAllEnvs();
  }
});

test('a name that is none, and threads that are none', async () => {
  await expect(startEngine('cuda' as EngineName)).rejects.toThrow(/expected auto, .*xla:cuda.*got cuda/);
  for (const name of ['xla:gpu', 'cpu:0', 'xla:cpu:0', 'xla:'])
    await expect(startEngine(name as EngineName), name).rejects.toThrow(`got ${name}. Choose one of these`);
  await expect(startEngine('cpu', { threads: 0 })).rejects.toThrow(RangeError);
  await expect(startEngine('cpu', { work: 'fun' as 'sampling' })).rejects.toThrow(
    /expected work to be training or sampling, got fun/,
  );
});

test('a device behind a colon is insisted on', async () => {
  expect(parseEngineName('xla:cuda')).toEqual({ name: 'xla', device: 'cuda' });
  expect(parseEngineName('xla')).toEqual({ name: 'xla' });
  vi.stubEnv('TFJS_XLA_DIR', join(tmpdir(), 'edm2-no-such-folder'));
  vi.stubEnv('PJRT_PLUGIN_LIBRARY_PATH', '');
  vi.stubEnv('VIRTUAL_ENV', '');
  vi.stubEnv('CONDA_PREFIX', '');
  try {
    await expect(startEngine('xla:cuda')).rejects.toThrow(
      /a PJRT plugin for cuda13, got none\. Run: npx tfjs-xla install --cuda13/,
    );
    await expect(startEngine('xla:rocm')).rejects.toThrow(/a PJRT plugin for rocm, got none/);
  } finally {
    vi.unstubAllEnvs();
  }
});

const hasXla = findPlugins().some(({ kind }) => kind === 'cpu');

test.skipIf(!hasXla)('XLA on the device that is named, if its plugin for CPUs is here', async () => {
  const report = await startEngine('xla:cpu');
  expect(report).toMatchObject({ name: 'xla', backend: 'xla', device: 'CPU' });
  expect(report.why).toMatch(/^xla .* on CPU, .*, as asked for$/);
});

import '@tensorflow/tfjs';
import { jit } from '@edm2/tfjs-jit';
import { startOnnxRuntime } from '@edm2/tfjs-onnxruntime';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { workerLoader } from './session-worker.js';
import { startWith } from './start.js';

beforeAll(async () => {
  await startOnnxRuntime({ threads: 1 });
  await tf.setBackend('onnxruntime');
});

const MIB = 2 ** 20;
/** 4 MiB. */
const image = (): tf.Tensor4D => tf.ones([4, 64, 64, 64]);
const filter = (): tf.Tensor4D => tf.ones([3, 3, 64, 64]);

function step(state: { w: tf.Tensor4D }, x: tf.Tensor4D) {
  const { value, grads } = tf.valueAndGrads((w: tf.Tensor) => {
    const y = tf.conv2d(x, w as tf.Tensor4D, 1, 'same');
    return tf.sum(tf.tanh(y)) as tf.Scalar;
  })([state.w]);
  return { state: { w: tf.sub(state.w, tf.mul(grads[0] as tf.Tensor, 0.1)) }, loss: value };
}
const LINE = 21; // of the convolution

interface TraceEvent {
  readonly ph: string;
  readonly cat?: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: Record<string, unknown>;
}
const eventsOf = (text: string): TraceEvent[] => (JSON.parse(text) as { traceEvents: TraceEvent[] }).traceEvents;

describe('explain', () => {
  it('names the costliest kernels with their op, their line and their share, for arguments not called with', () => {
    const compiled = jit(step, { donate: [0] });
    const text = compiled.explain({ args: [{ w: filter() }, image()] });
    const rows = text.split('\n').filter((row) => /%/.test(row));
    expect(rows[0]).toMatch(
      new RegExp(
        `^ *\\d\\d\\.\\d% +1× +604\\.0M +Conv2D\\w* +tf\\.\\w+ +float32\\[.*\\] +src/explain\\.test\\.ts:${LINE}$`,
      ),
    );
    expect(
      rows
        .slice(0, 2)
        .map((row) => /Conv2D(BackpropFilter)?\b/.exec(row)?.[0])
        .sort(),
    ).toEqual(['Conv2D', 'Conv2DBackpropFilter']);
    // By line: forward and backward of the convolution are one.
    expect(text).toMatch(
      new RegExp(`by line of code:\\n +\\d\\d\\.\\d% +\\d+× +1208\\.0M +src/explain\\.test\\.ts:${LINE}`),
    );
    expect(compiled.cacheSize).toBe(0);
    compiled({ w: filter() }, image());
    expect(compiled.explain().split('\n').slice(1)).toEqual(text.split('\n').slice(1));
    compiled.dispose();
  });

  it('knows the memory of a call before it runs', () => {
    const compiled = jit(step, { donate: [0] });
    const plan = compiled.memory({ w: filter() }, image());
    const w = 9 * 64 * 64 * 4;
    expect(plan.inputs).toBe(w + 4 * MIB);
    expect(plan.outputs).toBe(w + 4);
    // The image in the engine's order, the tanh that the loss still waits for, its slope, and the filter's gradient.
    expect(plan.activations).toBe(12 * MIB + w);
    expect(plan.peak).toBe(plan.inputs + plan.constants + plan.activations);
    expect(compiled.explain({ args: [{ w: filter() }, image()] })).toContain(
      `peak memory ${(plan.peak / MIB).toFixed(1)} MiB`,
    );
    expect(compiled.cacheSize).toBe(0);
  });

  it.each(['in this thread', 'in a worker'])('clocks every kernel: %s', async (where) => {
    const engine =
      where === 'in a worker'
        ? startWith(workerLoader(), { threads: 1, spinning: false, sessionOptions: {} })
        : await startOnnxRuntime({ threads: 1 });
    const compiled = jit(step, { engine, donate: [0] });
    const args = [{ w: filter() }, image()] as const;
    const before = tf.memory().numTensors;
    const text = compiled.explain({ args: [...args], measure: true });
    expect(text).toMatch(/\d+ kernels, measured, \d+\.\d\d ms in all/);
    expect(text).toMatch(new RegExp(`ms +604\\.0M +Conv2D +tf\\.conv2d .*explain\\.test\\.ts:${LINE}`));
    expect(args[0].w.isDisposed).toBe(false);
    expect(tf.memory().numTensors).toBe(before);
    expect(compiled.cacheSize).toBe(0);
  });

  it.each([false, true])('writes a file for a browser’s profiler; measured: %s', (measure) => {
    const compiled = jit(step, { donate: [0] });
    const events = eventsOf(compiled.explain({ kind: 'trace', args: [{ w: filter() }, image()], measure }));
    expect(events[0]).toMatchObject({ ph: 'M', name: 'process_name' });
    expect(String(events[0]?.args?.['name'])).toContain(measure ? 'measured' : 'estimated');
    const kernels = events.filter((event) => event.cat === 'kernel');
    const conv = kernels.find((event) => event.name === 'Conv2D');
    expect(conv?.args).toMatchObject({ op: 'tf.conv2d', multiplyAdds: 603979776 });
    expect(conv?.args?.['source']).toMatch(new RegExp(`explain\\.test\\.ts:${LINE}:\\d+$`));
    for (const event of kernels) expect(Number.isFinite(event.ts) && event.dur >= 0).toBe(true);
    // A call lies within the line that asked for it.
    const end = (event: TraceEvent | undefined): number => (event?.ts ?? 0) + (event?.dur ?? 0);
    const around = events.filter(
      (event) => event.cat === 'source' && event.ts <= (conv?.ts ?? -1) && end(event) >= end(conv) - 1e-6,
    );
    expect(around.map((event) => event.name)).toEqual([conv?.args?.['source']]);
    const held = events.filter((event) => event.ph === 'C').map((event) => Number(event.args?.['bytes']));
    expect(Math.max(...held)).toBeGreaterThan(4 * MIB);
  });

  it('explains what it can when a tensor that the function closes over is gone', () => {
    const w = filter();
    const compiled = jit((x: tf.Tensor4D) => tf.conv2d(x, w, 1, 'same'));
    compiled(image());
    expect(compiled.explain()).toContain('explain.test.ts');
    w.dispose();
    expect(compiled.explain()).toMatch(/Conv2D +tf\.conv2d/);
    expect(compiled.explain()).not.toContain('explain.test.ts');
    compiled.dispose();
  });

  it('refuses what it cannot do', async () => {
    const compiled = jit(step);
    expect(() => compiled.explain({ measure: true })).toThrow(/explain: expected args to measure with, got none/);
    expect(() => compiled.explain({ kind: 'html' as 'table' })).toThrow(/expected kind 'table' or 'trace', got 'html'/);
    await tf.setBackend('cpu');
    const args: [{ w: tf.Tensor4D }, tf.Tensor4D] = [{ w: filter() }, image()];
    expect(() => compiled.explain({ args })).toThrow(
      /explain: expected an engine to compile for, got none for backend cpu/,
    );
    expect(() => compiled.memory(...args)).toThrow(/memory: expected an engine to compile for, got none/);
    const { profile: _, ...engine } = await startOnnxRuntime();
    expect(() => jit(step, { engine }).explain({ args, measure: true })).toThrow(
      /expected an engine that measures, got onnxruntime, which does not/,
    );
    await tf.setBackend('onnxruntime');
  });
});

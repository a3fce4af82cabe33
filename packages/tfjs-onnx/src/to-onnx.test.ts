import '@tensorflow/tfjs';
import { toOnnx } from '@edm2/tfjs-onnx';
import * as tf from '@tensorflow/tfjs-core';
import { onnx } from 'onnx-proto';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeModel } from './lowering/model.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const model = (bytes: Uint8Array): onnx.ModelProto => onnx.ModelProto.decode(bytes);
const names = (ports: onnx.IValueInfoProto[] | null | undefined): string[] =>
  (ports ?? []).map((port) => port.name ?? '');

describe('toOnnx', () => {
  it('writes a model that the reference decoder reads, with standard operators only', () => {
    const w = tf.randomNormal<tf.Rank.R4>([3, 3, 2, 4]);
    const fn = (x: tf.Tensor4D) => {
      const y = tf.relu(tf.conv2d(x, w, 1, 'same'));
      const flat = tf.reshape(y, [2, -1]);
      return { image: y, gram: tf.matMul(flat, flat, false, true) };
    };
    const x = tf.zeros<tf.Rank.R4>([2, 5, 6, 2]);
    const before = tf.memory().numTensors;
    const { graph, opsetImport } = model(toOnnx(fn, [x], { inputNames: ['pixels'], outputNames: ['image', 'gram'] }));
    expect(tf.memory().numTensors).toBe(before);
    expect(names(graph?.input)).toEqual(['pixels']);
    expect(names(graph?.output)).toEqual(['image', 'gram']);
    const shapeOf = (port: onnx.IValueInfoProto | undefined) =>
      port?.type?.tensorType?.shape?.dim?.map((d) => Number(d.dimValue));
    expect(shapeOf(graph?.input?.[0])).toEqual([2, 5, 6, 2]);
    expect(shapeOf(graph?.output?.[0])).toEqual([2, 5, 6, 4]);
    expect(new Set(graph?.node?.map((node) => node.domain ?? ''))).toEqual(new Set(['']));
    expect(opsetImport?.map((opset) => [opset.domain, Number(opset.version)])).toEqual([['', 17]]);
    expect(graph?.node?.map((node) => node.opType)).toContain('Conv');
    // The filter is held as the operator wants it: no transposition of weights is left.
    const filter = graph?.initializer?.find((tensor) => tensor.dims?.length === 4);
    expect(filter?.dims?.map(Number)).toEqual([4, 2, 3, 3]);
    tf.dispose([w, x]);
  });

  it('takes a lone tensor as the argument and names things by default', () => {
    const { graph } = model(toOnnx((x: tf.Tensor) => tf.square(x), tf.scalar(1)));
    expect([names(graph?.input), names(graph?.output)]).toEqual([['input0'], ['output']]);
  });

  it('refuses constants beyond what a file can hold, before it writes anything', () => {
    // One array of half the limit, three times; the system gives memory when it is written to, which it never is.
    const half = new Float32Array(2 ** 28);
    const initializers = ['a', 'b', 'c'].map((name) => ({
      name,
      shape: [2 ** 28],
      type: 'float32' as const,
      bytes: new Uint8Array(half.buffer),
    }));
    expect(() => encodeModel({ nodes: [], initializers, inputs: [], outputs: [] })).toThrow(
      /toOnnx: expected constants of at most 2147483647 bytes.*got 3221225472\. Pass the largest tensors as arguments/,
    );
  });

  it('refuses names that do not fit', () => {
    const fn = (x: tf.Tensor) => tf.square(x);
    const x = tf.scalar(1);
    expect(() => toOnnx(fn, [x], { inputNames: ['a', 'b'] })).toThrow(
      /toOnnx: expected inputNames to name 1 tensors, got 2/,
    );
    expect(() => toOnnx(fn, [x], { inputNames: ['a'], outputNames: ['a'] })).toThrow(/got 'a' for both/);
    x.dispose();
  });
});

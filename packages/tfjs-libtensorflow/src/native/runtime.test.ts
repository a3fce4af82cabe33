import { beforeAll, describe, expect, it } from 'vitest';
import { attributeType, GraphBuilder } from '../graph.test-support.js';
import { installed, named } from '../installed.test-support.js';
import { AttributeKind } from './attribute.js';
import { DataType } from './data-type.js';
import { addFunction } from './function.js';
import { Runtime } from './runtime.js';
import { createVariable, readVariable } from './variable.js';

const { float32, int32, string, bool, int64 } = DataType;
const T = (value: number) => attributeType('T', value);

describe.skipIf(installed === undefined)(named('TensorFlow through its C API'), () => {
  let runtime: Runtime;
  beforeAll(() => {
    runtime = new Runtime(installed?.file ?? '', { threads: 2, gpu: false, memory: 'grow', index: 0 });
  });

  it('says which release and devices there are', () => {
    expect(runtime.version).toMatch(/^2\.\d+\.\d+$/);
    expect(runtime.devices).toEqual([{ name: '/job:localhost/replica:0/task:0/device:CPU:0', type: 'CPU' }]);
  });

  it.each([
    [float32, [2, 2], Float32Array.of(1, -2, 3.5, Number.NaN)],
    [int32, [3], Int32Array.of(1, -2, 3)],
    [bool, [], Uint8Array.of(1)],
    [int64, [1], BigInt64Array.of(-5n)],
    [float32, [0, 3], new Float32Array(0)],
  ] as const)('holds elements of type %i', async (type, shape, values) => {
    const handle = runtime.create(type, shape, values);
    expect(runtime.typeOf(handle)).toBe(type);
    expect(runtime.shapeOf(handle)).toEqual([...shape]);
    expect(runtime.read(handle)).toEqual(values);
    expect(await runtime.readAsync(handle)).toEqual(values);
    runtime.release(handle);
    expect(runtime.handles).toBe(0);
  });

  it('holds strings, short and long, with any bytes', () => {
    const texts = ['', 'a', 'x'.repeat(22), 'ü'.repeat(500)].map((text) => new TextEncoder().encode(text));
    texts.push(Uint8Array.of(0, 255, 0));
    const handle = runtime.create(string, [5], texts);
    expect(runtime.read(handle)).toEqual(texts);
    const [joined = 0n] = runtime.execute('StringJoin', [handle, handle], 1, {
      attributes: [
        { name: 'N', type: AttributeKind.int, value: 2 },
        { name: 'separator', type: AttributeKind.string, value: '–' },
      ],
    });
    expect(new TextDecoder().decode((runtime.read(joined) as Uint8Array[])[1])).toBe('a–a');
    runtime.release(handle);
    runtime.release(joined);
  });

  it('sets attributes of every kind', () => {
    const x = runtime.create(
      float32,
      [1, 4, 4, 1],
      Float32Array.from({ length: 16 }, (_, i) => i),
    );
    const [pooled = 0n] = runtime.execute('MaxPool', [x], 1, {
      attributes: [
        T(float32),
        { name: 'ksize', type: AttributeKind.int, value: [1, 2, 2, 1] },
        { name: 'strides', type: AttributeKind.int, value: [1, 2, 2, 1] },
        { name: 'padding', type: AttributeKind.string, value: 'VALID' },
      ],
    });
    expect(runtime.read(pooled)).toEqual(Float32Array.of(5, 7, 13, 15));
    const [leaky = 0n] = runtime.execute('LeakyRelu', [x], 1, {
      attributes: [T(float32), { name: 'alpha', type: AttributeKind.float, value: 0.5 }],
    });
    expect((runtime.read(leaky) as Float32Array)[3]).toBe(3);
    const a = runtime.create(float32, [2, 1], Float32Array.of(1, 2));
    const [product = 0n] = runtime.execute('MatMul', [a, a], 1, {
      attributes: [T(float32), { name: 'transpose_b', type: AttributeKind.bool, value: true }],
    });
    expect(runtime.read(product)).toEqual(Float32Array.of(1, 2, 2, 4));
    const [same = 0n] = runtime.execute('EnsureShape', [a], 1, {
      attributes: [T(float32), { name: 'shape', type: AttributeKind.shape, value: [2, 1] }],
    });
    for (const handle of [x, pooled, leaky, a, product, same]) runtime.release(handle);
    expect(runtime.handles).toBe(0);
  });

  it('tells what failed, with TensorFlow’s message, and keeps nothing', () => {
    const a = runtime.create(float32, [2, 3], new Float32Array(6));
    const multiply = () => runtime.execute('MatMul', [a, a], 1, { attributes: [T(float32)] });
    expect(multiply).toThrow(
      /^running MatMul on float32\[2,3\], float32\[2,3\]: TensorFlow answered INVALID_ARGUMENT: .*Matrix size-incompatible/s,
    );
    for (let i = 0; i < 1000; i++) expect(multiply).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => runtime.execute('NoSuchOp', [], 1)).toThrow(/preparing NoSuchOp: .*NOT_FOUND.*NoSuchOp/s);
    expect(() => runtime.execute('Neg', [a], 1, { attributes: [{ name: 'T', type: 9, value: 1 }] })).toThrow(
      /expected attribute T to be of kind 0 to 5, got 9/,
    );
    expect(() => runtime.execute('Neg', [a], 1, { device: 'moon' })).toThrow(/placing Neg on moon.*INVALID_ARGUMENT/s);
    expect(() => runtime.create(float32, [2], new Float32Array(3))).toThrow(/float32\[2\], got 3 in a Float32Array/);
    expect(() => runtime.create(string, [2], [new Uint8Array(1)])).toThrow(/string\[2\], got 1/);
    // After an error the next call works.
    const [negated = 0n] = runtime.execute('Neg', [a], 1, { attributes: [T(float32)] });
    runtime.release(a);
    runtime.release(negated);
    expect(runtime.handles).toBe(0);
  });

  it('does not grow over many calls', () => {
    const once = () => {
      const a = runtime.create(float32, [64, 1024], new Float32Array(65536));
      const [b = 0n] = runtime.execute('Neg', [a], 1, { attributes: [T(float32)] });
      runtime.read(b);
      const text = runtime.create(string, [1], [new Uint8Array(100_000)]);
      runtime.read(text);
      for (const handle of [a, b, text]) runtime.release(handle);
    };
    for (let i = 0; i < 200; i++) once();
    const before = process.memoryUsage().rss;
    // 2000 calls move 1.5 GB: what is kept shows.
    for (let i = 0; i < 2000; i++) once();
    expect(process.memoryUsage().rss - before).toBeLessThan(400e6);
    expect(runtime.handles).toBe(0);
  });

  it('runs beside the event loop', async () => {
    const a = runtime.create(float32, [3000, 3000], new Float32Array(9e6).fill(1));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const running = runtime.executeAsync('MatMul', [a, a], 1, { attributes: [T(float32)] });
    // TensorFlow holds what it works on: the caller need not.
    runtime.release(a);
    const [product = 0n] = await running;
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
    expect((runtime.read(product) as Float32Array)[0]).toBe(3000);
    runtime.release(product);
    await expect(runtime.executeAsync('NoSuchOp', [], 1)).rejects.toThrow(/NoSuchOp/);
    expect(runtime.handles).toBe(0);
  });

  it('keeps variables, and snapshots of them that updates do not change', () => {
    const value = runtime.create(float32, [2], Float32Array.of(1, 2));
    const device = runtime.devices[0]?.name ?? '';
    const variable = createVariable(runtime, [2], value, device);
    const snapshot = readVariable(runtime, variable);
    const dtype = attributeType('dtype', float32);
    runtime.execute('AssignAddVariableOp', [variable, value], 0, { attributes: [dtype] });
    const after = readVariable(runtime, variable);
    expect([value, snapshot, after].map((handle) => [...(runtime.read(handle) as Float32Array)])).toEqual([
      [1, 2],
      [1, 2],
      [2, 4],
    ]);
    for (const handle of [value, variable, snapshot, after]) runtime.release(handle);
    expect(runtime.handles).toBe(0);
  });

  /** Two results, and an update that no result needs. */
  const graph = () =>
    new GraphBuilder()
      .placeholder('x', float32, [2])
      .placeholder('v', DataType.resource, [])
      .node('split_dim', 'Const', [], { dtype: { type: int32 }, value: { int: 0 } })
      .node('split', 'Split', ['split_dim', 'x'], { T: { type: float32 }, num_split: { count: 2 } })
      .node('update', 'AssignVariableOp', ['v', 'x'], { dtype: { type: float32 } });

  it('runs a graph as one operation, with every update, until it is removed', () => {
    const value = runtime.create(float32, [2], Float32Array.of(7, 8));
    const zero = runtime.create(float32, [2], new Float32Array(2));
    const variable = createVariable(runtime, [2], zero, runtime.devices[0]?.name ?? '');
    const definition = {
      graphDef: graph().encode(),
      inputs: ['x', 'v'],
      outputs: ['split:1', 'split'],
      done: ['update'],
    };
    for (const xla of [false, true]) {
      const name = `split_${xla}`;
      const remove = addFunction(runtime, { name, ...definition, xla });
      const results = runtime.execute(name, [value, variable], 2);
      expect(results.map((handle) => [...(runtime.read(handle) as Float32Array)])).toEqual([[8], [7]]);
      const updated = readVariable(runtime, variable);
      expect(runtime.read(updated)).toEqual(Float32Array.of(7, 8));
      for (const handle of [...results, updated]) runtime.release(handle);
      remove();
      expect(() => runtime.execute(name, [value, variable], 2)).toThrow(/NOT_FOUND/);
    }
    for (const handle of [value, zero, variable]) runtime.release(handle);
    expect([runtime.handles, runtime.functions]).toEqual([0, 0]);
  });

  it('refuses graphs that are none', () => {
    const definition = { name: 'f', inputs: ['x'], outputs: ['x'], done: [] };
    expect(() => addFunction(runtime, { ...definition, graphDef: Uint8Array.of(1, 2, 3) })).toThrow(
      /importing the graph of f: .*INVALID_ARGUMENT/s,
    );
    expect(() => addFunction(runtime, { ...definition, graphDef: graph().encode(), outputs: ['y'] })).toThrow(
      /expected f to have a node y, got none/,
    );
    expect(() => addFunction(runtime, { ...definition, graphDef: graph().encode(), outputs: ['split:5'] })).toThrow(
      /making the function f: /,
    );
    expect(runtime.functions).toBe(0);
  });
});

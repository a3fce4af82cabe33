import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fileSystem, registerFileSystem } from '@edm2/tensor-files/tfjs-io';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let folder = '';
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'tfjs-io-'));
});
afterAll(() => rm(folder, { recursive: true }));

const layersModel = (): tf.LayersModel =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [6, 6, 2] }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 4, activation: 'softmax' }),
    ],
  });
const input = () => tf.randomNormal([2, 6, 6, 2], 0, 1, 'float32', 1);
const predicted = (model: tf.LayersModel) => (model.predict(input()) as tf.Tensor).dataSync();

/** `y = x·w + b` as tensorflowjs_converter writes it: two groups, one of them of two files, one quantized. */
async function writeGraphModel(place: string): Promise<void> {
  const node = (name: string, op: string, inputs: string[] = [], attr: object = {}) => ({
    name,
    op,
    input: inputs,
    attr,
  });
  const float = { dtype: { type: 'DT_FLOAT' } };
  const shape = (...sides: number[]) => ({ shape: { dim: sides.map((size) => ({ size: String(size) })) } });
  const json = {
    format: 'graph-model',
    generatedBy: '2.15',
    convertedBy: 'TensorFlow.js Converter v4.22',
    signature: {
      inputs: { x: { name: 'x:0', dtype: 'DT_FLOAT', tensorShape: shape(-1, 3).shape } },
      outputs: { y: { name: 'y:0' } },
    },
    userDefinedMetadata: { author: 'us' },
    modelTopology: {
      node: [
        node('x', 'Placeholder', [], { ...float, shape: shape(-1, 3) }),
        node('w', 'Const', [], float),
        node('b', 'Const', [], float),
        node('product', 'MatMul', ['x', 'w'], { transpose_a: { b: false }, transpose_b: { b: false } }),
        node('y', 'AddV2', ['product', 'b']),
      ],
      versions: {},
    },
    weightsManifest: [
      {
        paths: ['group1-shard1of2.bin', 'group1-shard2of2.bin'],
        weights: [{ name: 'w', shape: [3, 2], dtype: 'float32' }],
      },
      {
        paths: ['group2-shard1of1.bin'],
        weights: [{ name: 'b', shape: [2], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.5, min: -1 } }],
      },
    ],
  };
  const w = Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
  await writeFile(join(place, 'model.json'), JSON.stringify(json));
  await writeFile(join(place, 'group1-shard1of2.bin'), w.subarray(0, 10));
  await writeFile(join(place, 'group1-shard2of2.bin'), w.subarray(10));
  await writeFile(join(place, 'group2-shard1of1.bin'), Uint8Array.of(4, 6)); // 1 and 2
}
const graphOutput = (model: tf.GraphModel) => [...(model.predict(tf.tensor2d([[1, 0, 1]])) as tf.Tensor).dataSync()];

describe('models of tf.layers', () => {
  it('come back to the last bit, with their training, in tfjs-node’s two files', async () => {
    const model = layersModel();
    model.compile({ optimizer: tf.train.adam(0.01), loss: 'categoricalCrossentropy' });
    await model.fit(input(), tf.oneHot(tf.tensor1d([1, 3], 'int32'), 4), { epochs: 1, verbose: 0 });
    const place = join(folder, 'deep', 'layers');
    const result = await model.save(fileSystem(place), { includeOptimizer: true });
    expect(result.modelArtifactsInfo).toMatchObject({ modelTopologyType: 'JSON' });
    expect((await readdir(place)).sort()).toEqual(['model.json', 'weights.bin']);
    const { size } = await stat(join(place, 'weights.bin'));
    expect(result.modelArtifactsInfo.weightDataBytes).toBe(size);
    for (const path of [join(place, 'model.json'), place]) {
      const loaded = await tf.loadLayersModel(fileSystem(path));
      expect(predicted(loaded)).toEqual(predicted(model));
      expect(loaded.optimizer.getConfig()).toEqual(model.optimizer.getConfig());
    }
  });

  it.each([13, 64, 1000, 4 << 20])('in shards of %i bytes', async (shardBytes) => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 5, inputShape: [9] })] });
    const place = join(folder, `shards-${shardBytes}`);
    await model.save(fileSystem(place, { shardBytes }));
    const sizes = await Promise.all(
      (await readdir(place))
        .filter((name) => name.endsWith('.bin'))
        .map(async (name) => (await stat(join(place, name))).size),
    );
    const total = 4 * (9 * 5 + 5);
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(total);
    expect(sizes).toHaveLength(Math.ceil(total / shardBytes));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(shardBytes);
    const loaded = await tf.loadLayersModel(fileSystem(place));
    loaded.getWeights().forEach((weight, i) => {
      expect(weight.dataSync()).toEqual(model.getWeights()[i]?.dataSync());
    });
  });

  it('with weights as one buffer, as several, as a stream, or none at all', async () => {
    let artifacts: tf.io.ModelArtifacts = {};
    await layersModel().save(
      tf.io.withSaveHandler(async (given) => {
        artifacts = given;
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
      }),
    );
    const whole = tf.io.CompositeArrayBuffer.join(artifacts.weightData);
    const { weightData: _, ...rest } = artifacts;
    const pieces = [whole.slice(0, 100), whole.slice(100, 101), whole.slice(101)];
    const stream = () =>
      new ReadableStream<ArrayBuffer>({
        start: (to) => {
          for (const piece of pieces) to.enqueue(piece);
          to.close();
        },
      });
    for (const given of [{ weightData: whole }, { weightData: pieces }, { getWeightStream: stream }]) {
      const place = join(folder, 'kinds');
      await fileSystem(place, { shardBytes: 64 }).save?.({ ...rest, ...given });
      const loaded = await fileSystem(place).load?.();
      expect(tf.io.CompositeArrayBuffer.join(loaded?.weightData)).toEqual(whole);
      expect(loaded?.weightSpecs).toEqual(artifacts.weightSpecs);
    }
    const place = join(folder, 'none');
    await fileSystem(place).save?.({ modelTopology: { a: 1 } });
    expect(await fileSystem(place).load?.()).toMatchObject({ modelTopology: { a: 1 }, weightSpecs: [] });
  });
});

describe('graph models', () => {
  it('load, compute, and are saved again with all that they say', async () => {
    const place = await mkdtemp(join(folder, 'graph-'));
    await writeGraphModel(place);
    const model = await tf.loadGraphModel(fileSystem(join(place, 'model.json')));
    expect(graphOutput(model)).toEqual([7, 10]);
    const copy = join(place, 'copy');
    await model.save(fileSystem(copy));
    expect(graphOutput(await tf.loadGraphModel(fileSystem(copy)))).toEqual([7, 10]);
    const said = async (path: string) => {
      const { weightsManifest, ...fields } = JSON.parse(await readFile(join(path, 'model.json'), 'utf8'));
      return { fields, weights: weightsManifest.flatMap((group: { weights: object[] }) => group.weights) };
    };
    expect(await said(copy)).toEqual(await said(place));
  });
});

describe('registerFileSystem', () => {
  it('lets file:// stand for a path, and nothing else', async () => {
    expect(tf.io.getLoadHandlers('file://x')).toHaveLength(0);
    registerFileSystem();
    registerFileSystem({ shardBytes: 100 });
    expect(tf.io.getLoadHandlers('file://x')).toHaveLength(1);
    expect(tf.io.getSaveHandlers('file://x')).toHaveLength(1);
    expect(tf.io.getSaveHandlers('other://x')).toHaveLength(0);
    const model = layersModel();
    const before = process.cwd();
    process.chdir(folder);
    try {
      await model.save('file://./my models/one');
      expect(predicted(await tf.loadLayersModel('file://my models/one/model.json'))).toEqual(predicted(model));
    } finally {
      process.chdir(before);
    }
    const url = pathToFileURL(join(folder, 'my models', 'one', 'model.json')).href;
    expect(url).toContain('%20');
    expect(predicted(await tf.loadLayersModel(url))).toEqual(predicted(model));
    const place = await mkdtemp(join(folder, 'graph-'));
    await writeGraphModel(place);
    expect(graphOutput(await tf.loadGraphModel(`file://${place}/model.json`))).toEqual([7, 10]);
  });
});

describe('what is no model, or not whole, is refused', () => {
  const saved = async (): Promise<string> => {
    const place = await mkdtemp(join(folder, 'bad-'));
    await writeGraphModel(place);
    return place;
  };
  const change = async (place: string, edit: (json: Record<string, unknown>) => unknown): Promise<string> => {
    const path = join(place, 'model.json');
    await writeFile(path, JSON.stringify(edit(JSON.parse(await readFile(path, 'utf8')))));
    return path;
  };
  const load = (path: string) => tf.loadGraphModel(fileSystem(path));

  it('files that are missing, cut short or too long', async () => {
    const place = await saved();
    await expect(load(join(place, 'nowhere.json'))).rejects.toThrow(/expected .*nowhere\.json to be there, got ENOENT/);
    await expect(load(folder)).rejects.toThrow(/model\.json to be there/);
    await truncate(join(place, 'group1-shard2of2.bin'), 3);
    await expect(load(place)).rejects.toThrow(
      /24 bytes of weights in group1-shard1of2\.bin, group1-shard2of2\.bin, got 13/,
    );
    await rm(join(place, 'group1-shard2of2.bin'));
    await expect(load(place)).rejects.toThrow(/group1-shard2of2\.bin to be there/);
  });

  it.each<[string, (json: Record<string, unknown>) => unknown, RegExp]>([
    [
      'another JSON',
      () => ({ class_name: 'Sequential' }),
      /modelTopology or weightsManifest, got the fields class_name/,
    ],
    ['a number', () => 5, /the JSON of a TensorFlow\.js model, got "5"/],
    ['a broken manifest', (json) => ({ ...json, weightsManifest: [{}] }), /groups, each of paths and weights/],
    [
      'weights elsewhere',
      (json) => ({ ...json, weightsManifest: [{ paths: ['../x'], weights: [] }] }),
      /in its own folder, got "\.\.\/x"/,
    ],
    [
      'an absolute path',
      (json) => ({ ...json, weightsManifest: [{ paths: ['/etc/passwd'], weights: [] }] }),
      /own folder/,
    ],
    [
      'a path that is none',
      (json) => ({ ...json, weightsManifest: [{ paths: [5], weights: [] }] }),
      /own folder, got 5/,
    ],
  ])('%s', async (_, edit, message) => {
    await expect(load(await change(await saved(), edit))).rejects.toThrow(message);
  });

  it('text that is no JSON', async () => {
    const place = await saved();
    await writeFile(join(place, 'model.json'), '<html>');
    await expect(load(place)).rejects.toThrow(/JSON of a TensorFlow\.js model, got "<html>"/);
  });

  it('options and places', async () => {
    expect(() => fileSystem(['a', 'b'] as never)).toThrow(/expected a path, got something else/);
    expect(() => fileSystem('a', { shardBytes: 0 })).toThrow(/shardBytes as a whole number/);
    expect(() => registerFileSystem({ shards: 2 } as never)).toThrow(/expected options among shardBytes, got shards/);
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(layersModel().save(fileSystem(file))).rejects.toThrow(/a folder to save into, got the file/);
    await expect(layersModel().save(fileSystem(join(file, 'x')))).rejects.toThrow(/fileSystem: expected .*ENOTDIR/);
    await expect(fileSystem(folder).save?.({ modelTopology: new ArrayBuffer(1) })).rejects.toThrow(
      /got a binary graph/,
    );
  });
});

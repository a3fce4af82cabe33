import { readFileSync } from 'node:fs';
import { difference, draw, goldenPath } from '@edm2/test-support';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { describeEngines, isCpu } from './engines.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

type Attribute = Record<string, unknown>;
interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Record<string, Attribute>;
}

const FLOAT = { type: 'DT_FLOAT' };
const INT = { type: 'DT_INT32' };

/** A converted model as `loadGraphModel` takes it, written by hand: constants are its weights. */
function graphOf(shape: readonly number[]) {
  const nodes: GraphNode[] = [];
  const specs: tf.io.WeightsManifestEntry[] = [];
  const weights: number[] = [];
  const node = (op: string, input: readonly string[], attr: Record<string, Attribute> = {}): string => {
    const name = `n${nodes.length}`;
    nodes.push({ name, op, input, attr });
    return name;
  };
  return {
    node,
    x: node('Placeholder', [], { dtype: FLOAT, shape: { shape: { dim: shape.map((size) => ({ size })) } } }),
    ints(values: readonly number[] | number): string {
      const name = node('Const', [], { dtype: INT });
      const list = [values].flat();
      specs.push({ name, shape: typeof values === 'number' ? [] : [list.length], dtype: 'int32' });
      weights.push(...list);
      return name;
    },
    async load(outputs: readonly string[]): Promise<tf.GraphModel> {
      const signature = { outputs: Object.fromEntries(outputs.map((name) => [name, { name }])) };
      return await tf.loadGraphModel({
        load: async () => ({
          modelTopology: { node: nodes, library: {}, versions: {} },
          weightSpecs: specs,
          weightData: Int32Array.from(weights).buffer,
          signature,
        }),
      });
    },
  };
}

const all = (result: tf.Tensor | tf.Tensor[]): tf.Tensor[] => [result].flat();

/** What the published model gives op by op on cpu, worked out once. */
const expected = new Map<number, tf.Tensor>();

describeEngines('converted graph models', (engine, name) => {
  /** Shapes worked out from the input's: what converters write where the batch or the image is of any size. */
  const build = (shape: readonly number[]) => {
    const g = graphOf(shape);
    const extents = g.node('Shape', [g.x], { T: FLOAT, out_type: INT });
    const mask = (i: number): Attribute => ({ i });
    const part = (i: number): string =>
      g.node('StridedSlice', [extents, g.ints([i]), g.ints([i + 1]), g.ints([1])], {
        T: INT,
        begin_mask: mask(0),
        end_mask: mask(0),
        ellipsis_mask: mask(0),
        new_axis_mask: mask(0),
        shrink_axis_mask: mask(1),
      });
    const [n, h, w, c] = [part(0), part(1), part(2), part(3)];
    const times = (a: string, b: string): string => g.node('Mul', [a, b], { T: INT });
    const pack = (...parts: string[]): string =>
      g.node('Pack', parts, { N: { i: parts.length }, axis: { i: 0 }, T: INT });
    const rows = g.node('Reshape', [g.x, pack(n, times(h, w), c)], { T: FLOAT, Tshape: INT });
    const inner = g.node('GatherV2', [extents, g.ints([1, 2, 3]), g.ints(0)], { Tparams: INT });
    const size = g.node('Prod', [inner, g.ints([0])], { keep_dims: { b: false }, T: INT });
    const flat = g.node(
      'Reshape',
      [
        g.x,
        g.node('ConcatV2', [g.node('ExpandDims', [n, g.ints(0)], { T: INT }), g.ints([-1]), g.ints(0)], {
          N: { i: 2 },
        }),
      ],
      { T: FLOAT },
    );
    const twice = g.node('ResizeNearestNeighbor', [g.x, times(pack(h, w), g.ints([2, 2]))], {
      align_corners: { b: false },
      half_pixel_centers: { b: false },
      T: FLOAT,
    });
    const filled = g.node('Fill', [pack(n, size), g.node('Cast', [c], { SrcT: INT, DstT: FLOAT })], { T: FLOAT });
    const grid = g.node('Range', [g.ints(0), times(h, w), g.ints(1)], { Tidx: INT });
    const tiled = g.node('Tile', [rows, pack(g.ints(1), g.ints(1), h)], { T: FLOAT });
    const first = g.node(
      'Slice',
      [g.x, g.ints([0, 0, 0, 0]), pack(n, g.node('Sub', [h, g.ints(1)], { T: INT }), w, g.ints(1))],
      {
        T: FLOAT,
      },
    );
    const turned = g.node(
      'Transpose',
      [g.x, g.node('ConcatV2', [g.ints([0]), g.ints([2, 1]), g.ints([3]), g.ints(0)], { N: { i: 3 } })],
      {
        T: FLOAT,
      },
    );
    const outputs = [rows, flat, twice, filled, grid, tiled, first, turned, size];
    return g.load(outputs.map((name) => name));
  };

  it('reshape by shapes that they work out themselves', async () => {
    const extents = fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 2, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
    );
    await fc.assert(
      fc.asyncProperty(extents, async (shape) => {
        const model = await build([-1, ...shape.slice(1)]);
        const x = draw(1, shape);
        const predict = jit((t: tf.Tensor) => all(model.execute(t)), { engine: engine() });
        const plain = all(model.execute(x));
        predict(x).forEach((y, i) => {
          expect(y.shape).toEqual(plain[i]?.shape);
          expect(difference(y, plain[i] as tf.Tensor)).toBeLessThan(1e-6);
        });
        predict.dispose();
        model.dispose();
      }),
      { numRuns: 6, seed: 3 },
    );
  });

  describe('a face detector as it is published', () => {
    const folder = 'face-detection-short';
    const load = (): Promise<tf.GraphModel> => {
      const { modelTopology, weightsManifest, format, signature } = JSON.parse(
        readFileSync(goldenPath(`${folder}/model.json`), 'utf8'),
      );
      const bytes = readFileSync(goldenPath(`${folder}/facemesh-detection-short.bin`));
      const weightData = Uint8Array.from(bytes).buffer;
      return tf.loadGraphModel({
        load: async () => ({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData, format, signature }),
      });
    };

    // On cpu it is the same kernels once more, for half a minute.
    it.skipIf(isCpu(name))('finds what it finds op by op, for any batch', async () => {
      const model = await load();
      const detect = jit((x: tf.Tensor) => model.execute(x) as tf.Tensor, { engine: engine() });
      for (const batch of [1, 2]) {
        const x = draw(batch, [batch, 128, 128, 3]);
        const plain = expected.get(batch) ?? (model.execute(x) as tf.Tensor);
        expected.set(batch, plain);
        expect(difference(detect(x), plain)).toBeLessThan(1e-5);
      }
      expect(detect.cacheSize).toBe(2);
      detect.dispose();
      model.dispose();
    });
  });
});

import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileSystem } from '@edm2/tensor-files/tfjs-io';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs';
import type { Run } from './runs.js';

/** A model on this machine's disk. */
export interface StoredModel {
  readonly path: string;
  readonly kind: 'graph' | 'layers';
  readonly input: readonly number[];
  readonly dtype?: 'int32';
}

/** One prediction of a model that others have trained: compiled, or op by op on the current backend. */
export async function thirdPartyRun(
  { path, kind, input, dtype = 'float32' as never }: StoredModel,
  compiled: boolean,
): Promise<Run> {
  const handler = path.endsWith('.json') ? fileSystem(path) : scripts(path);
  const model = await (kind === 'graph' ? tf.loadGraphModel(handler) : tf.loadLayersModel(handler));
  const unit = tf.randomUniform([...input], 0, 1, 'float32', 1);
  const x = dtype === 'int32' ? tf.cast(tf.mul(unit, 255), 'int32') : unit;
  const predict = (image: tf.Tensor): tf.Tensor | tf.Tensor[] => model.predict(image) as tf.Tensor | tf.Tensor[];
  const jitted = compiled ? jit(predict) : undefined;
  const used = jitted ?? predict;
  return {
    run() {
      const out = used(x);
      for (const tensor of Array.isArray(out) ? out : [out]) tensor.dataSync();
      tf.dispose(out);
    },
    sessions: () => jitted?.cacheSize ?? 0,
  };
}

/** Models of nsfwjs: `model.min.js` exports model.json, each shard's script its bytes in base 64. */
function scripts(folder: string): tf.io.IOHandler {
  const load = createRequire(import.meta.url);
  const read = (name: string): unknown => {
    const file = join(folder, `${name}.min.js`);
    if (!existsSync(file)) throw new Error(`expected ${name}.min.js, got ${readdirSync(folder).join(', ')}`);
    return load(file);
  };
  return {
    load: async () =>
      tf.io.getModelArtifactsForJSON(read('model') as tf.io.ModelJSON, async (manifest) => [
        manifest.flatMap(({ weights }) => weights),
        manifest.flatMap(({ paths }) =>
          paths.map((name) => {
            const bytes = Buffer.from(String(read(name.replace(/\.bin$/, ''))), 'base64');
            return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
          }),
        ),
      ]),
  };
}

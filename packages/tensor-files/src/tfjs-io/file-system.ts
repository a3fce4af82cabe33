import { resolve } from 'node:path';
import { known } from '@edm2/options';
import type { io } from '@tensorflow/tfjs-core';
import { loadModel } from './load-model.js';
import { saveModel } from './save-model.js';

/** How models are saved. */
export interface FileSystemOptions {
  /**
   * Bytes of one file of weights, ≥ 1: more weights lie in `group1-shard1of3.bin` and so on, as the converter's do. Default all in one
   * `weights.bin`, as tfjs-node has it; 4 MiB suits browsers.
   */
  readonly shardBytes?: number;
}

/**
 * Models of tf.layers and graph models on this machine's disk, in TensorFlow.js's own format: what `tf.io.fileSystem` of tfjs-node is.
 *
 * Saving makes the folder and puts each file under its name when it is whole, `model.json` last. Loading reads the files of weights one
 * by one and does not join them.
 *
 * @param path - to save, a folder; to load, its `model.json` (of any name), or the folder.
 * @returns a handler for `model.save`, `tf.loadLayersModel` and `tf.loadGraphModel`. It rejects with a RangeError when a model is damaged or
 *   of a kind that it does not know, and with the file system's errors.
 * @throws {RangeError} when shardBytes is no number of bytes.
 */
export function fileSystem(path: string, options: FileSystemOptions = {}): io.IOHandler {
  if (typeof path !== 'string')
    throw new TypeError(
      'fileSystem: expected a path, got something else. Models of two files (tensorflowjs.pb) are older than TensorFlow.js 1: convert them again.',
    );
  const { shardBytes = Number.POSITIVE_INFINITY } = known('fileSystem', options, { shardBytes: true });
  if (!(shardBytes === Number.POSITIVE_INFINITY || (Number.isInteger(shardBytes) && shardBytes >= 1)))
    throw new RangeError(`fileSystem: expected shardBytes as a whole number ≥ 1, got ${shardBytes}. 4 MiB is usual.`);
  const place = resolve(path);
  return { save: (artifacts) => saveModel(place, artifacts, shardBytes), load: () => loadModel(place) };
}

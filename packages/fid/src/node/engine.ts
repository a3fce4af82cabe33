import type { Engine } from '@edm2/tfjs-jit';
import type * as tf from '@tensorflow/tfjs-core';
import type { Detector } from './detectors.js';
import type { FeatureBatch, RunNetwork } from './run-batch.js';

/** Engines that the command starts; each is an optional peer. */
export const ENGINES = ['onnxruntime', 'tensorflow'] as const;
export type EngineName = (typeof ENGINES)[number];

/** An engine that somebody has started, such as `startOnnxRuntime()` gives; the type says no more, for those who have none installed. */
export interface StartedEngine {
  /** Its TensorFlow.js backend. */
  readonly backend: string;
}

/** What computes: started here by its name, or there already. */
export type EngineChoice = EngineName | StartedEngine;

/** A network that is ready to run. */
export interface OpenNetwork {
  readonly run: RunNetwork;
  close(): void;
}

/**
 * Compiles a network with its weights as constants. TensorFlow.js's backend is the engine's until the network is closed.
 *
 * @param params - tensors by name, made by `load` once the engine runs.
 * @throws {Error} (rejects) when the engine's package is not installed.
 */
export async function openNetwork(
  detector: Detector,
  load: () => Promise<Record<string, tf.Tensor>>,
  { engine, batch, threads }: { engine: EngineChoice; batch: number; threads?: number | undefined },
): Promise<OpenNetwork> {
  const before = await currentBackend();
  const started = typeof engine === 'string' ? await startEngine(engine, threads) : (engine as Engine);
  const [{ jit }, core] = await Promise.all([import('@edm2/tfjs-jit'), import('@tensorflow/tfjs-core')]);
  await core.setBackend(started.backend);
  const params = await load();
  const network = jit((images: tf.Tensor) => detector.apply(params, images), { engine: started });
  const run = (pixels: Float32Array): FeatureBatch => {
    const images = core.tensor4d(pixels, [batch, detector.size, detector.size, 3]);
    const { features, logits } = network(images);
    const read = (tensor: tf.Tensor): Float32Array => Float32Array.from(tensor.dataSync());
    const result = { features: read(features), ...(logits ? { logits: read(logits) } : {}) };
    core.dispose([images, features, ...(logits ? [logits] : [])]);
    return result;
  };
  return {
    run,
    close: () => {
      network.dispose();
      core.dispose(params);
      if (before !== undefined) core.setBackend(before);
    },
  };
}

async function startEngine(engine: EngineName, threads: number | undefined): Promise<Engine> {
  const options = threads === undefined ? {} : { threads };
  try {
    if (engine === 'onnxruntime') return await (await import('@edm2/tfjs-onnxruntime')).startOnnxRuntime(options);
    return await (await import('@edm2/tfjs-libtensorflow')).startLibtensorflow(options);
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND';
    if (!isMissing) throw cause;
    const name = engine === 'onnxruntime' ? 'tfjs-onnxruntime' : 'tfjs-libtensorflow';
    throw new Error(
      `openNetwork: expected the engine ${engine} to be installed, got no package @edm2/${name}. Run: npm install @edm2/${name} @tensorflow/tfjs-core`,
      { cause },
    );
  }
}

/** The backend that a program had set before; undefined where it had none. */
async function currentBackend(): Promise<string | undefined> {
  const { engine } = await import('@tensorflow/tfjs-core');
  return engine().backendName || undefined;
}

import { basename, dirname, resolve } from 'node:path';
import { interruptible } from '@edm2/app-kit/command/interruptible';
import { startProgress } from '@edm2/app-kit/command/progress';
import { datasetLines } from '@edm2/app-kit/data/dataset-lines';
import { UsageError } from '@edm2/command/errors';
import { createWriter, type DatasetWriter, openDataset } from '@edm2/dataset';
import {
  type AutoencoderKL,
  createLatentNormalizer,
  type LatentDescription,
  type MeasuredStatistics,
  measureRawStatistics,
  type RawStatistics,
  STABLE_DIFFUSION_RAW,
} from '@edm2/latent-vae';
import {
  hashAutoencoder,
  loadAutoencoder,
  loadRawStatistics,
  locateAutoencoder,
  saveRawStatistics,
} from '@edm2/latent-vae/node';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { type Command, Option } from 'commander';
import { isStableDiffusion } from '../is-stable-diffusion.js';
import { alone, bothPaths, engineFor, type TransformOptions, withTransformOptions } from '../options.js';
import { rawBatches } from '../raw-batches.js';
import { labelsOf, readBatches } from '../read-batches.js';
import { say } from '../say.js';

interface EncodeOptions extends TransformOptions {
  readonly acceptWarnings?: boolean;
  readonly statistics?: 'published' | 'measured' | 'autoencoder';
}

/** `edm2-dataset encode`. */
export const addEncodeCommand = (program: Command): Command =>
  withTransformOptions(program.command('encode'))
    .description('Encode images with an autoencoder: mean and deviation of each latent, as EDM2 trains on.')
    .addOption(
      new Option(
        '--statistics <which>',
        'statistics that training standardises by: EDM2’s published ones, those of these latents, or those that lie beside the autoencoder (default: published for Stable Diffusion’s autoencoder, measured for any other)',
      ).choices(['published', 'measured', 'autoencoder']),
    )
    .option('--accept-warnings', 'use images that decode although the decoder warns of damage', false)
    .action((options: EncodeOptions) => alone(options, () => encodeCommand(options)));

async function encodeCommand(options: EncodeOptions): Promise<void> {
  const { source, dest } = bothPaths(options);
  if (options.vae === undefined)
    throw new UsageError(
      '--vae: expected an autoencoder, got nothing. Download stabilityai/sd-vae-ft-mse, for example, and name its folder.',
    );
  const { acceptWarnings = false } = options;
  const flags = { path: '--source', acceptWarnings: '--accept-warnings' };
  const dataset = await openDataset(source, { channels: 3, cacheBytes: 0, acceptWarnings, flags });
  try {
    if (dataset.dtype !== 'uint8')
      throw new UsageError(`--source: expected images, got arrays of numbers in ${source}. Are they encoded already?`);
    const engine = await engineFor(options, options.vae);
    say(`engine: ${engine.why}`);
    const sha256 = await hashAutoencoder(options.vae);
    const { vae, params } = await loadAutoencoder(options.vae);
    if (dataset.resolution % vae.factor !== 0)
      throw new UsageError(
        `--source: expected images of at least ${vae.factor}×${vae.factor}, got ${dataset.resolution}×${dataset.resolution}. This autoencoder makes one latent of ${vae.factor}×${vae.factor} pixels.`,
      );
    const name = basename(resolve(options.vae));
    const which = options.statistics ?? (isStableDiffusion(vae) ? 'published' : 'measured');
    const standard = which === 'measured' ? undefined : await knownStatistics(which, options.vae, vae, sha256);
    const writer = await createWriter(dest, {
      kind: 'latents',
      settings: { source: dataset.fingerprint, vae: name, sha256 },
    });
    const kept = `what is encoded waits in ${writer.folder}. Go on with the same command`;
    await interruptible({ say, stopping: 'stopping after this batch', kept }, async (signal) => {
      const encode = jit(
        (pixels: tf.Tensor4D) => {
          const { mean, std } = vae.encode(params, tf.div(pixels, 255));
          // Channels before pixels, means before deviations: as the files have them.
          return tf.transpose(tf.concat([mean, std], -1), [0, 3, 1, 2]);
        },
        engine.engine ? { engine: engine.engine } : {},
      );
      await encodeAll(writer, dataset, options.batch, signal, encode);
      encode.dispose();
      const statistics = await measure(writer.folder, signal);
      const normalizer = createLatentNormalizer(standard ?? statistics);
      const latents: LatentDescription = { vae: name, sha256, normalizer: normalizer.options };
      // Before the dataset is there: nobody would make them again. Those of a folder are in it.
      const beside = await saveRawStatistics(dest.endsWith('.zip') ? dest : writer.folder, statistics, {
        vae: name,
        sha256,
      });
      // The published tools read `labels` and pass over other fields: one zip says everything and works there too.
      await writer.finish({ labels: labelsOf(dataset), notes: { latents }, signal });
      say(
        `${dataset.length} images of ${dataset.resolution}×${dataset.resolution} → ${dest}; their statistics → ${beside.replace(writer.folder, dest)}`,
      );
      for (const line of datasetLines(dataset)) say(line);
      say(`training standardises by ${STANDARDS[which]}`);
    });
    tf.dispose(params);
  } finally {
    await dataset.close();
  }
}

/** What training standardises by, in words. */
const STANDARDS = {
  published: 'EDM2’s published statistics',
  measured: 'these statistics',
  autoencoder: 'the statistics beside the autoencoder',
} as const;

/** Statistics that are known before anything is encoded. @throws {UsageError} (rejects) when they are of other channels, or there are none. */
async function knownStatistics(
  which: 'published' | 'autoencoder',
  path: string,
  { config: { latentChannels } }: AutoencoderKL,
  sha256: string,
): Promise<RawStatistics> {
  const statistics = which === 'published' ? STABLE_DIFFUSION_RAW : await statisticsBeside(path, sha256);
  const channels = statistics.rawMean.length;
  if (channels === latentChannels) return statistics;
  throw new UsageError(
    `--statistics: expected statistics of the ${latentChannels} latent channels of ${path}, got ${which === 'published' ? 'EDM2’s published ones' : 'those beside it'} of ${channels}. Choose measured.`,
  );
}

async function statisticsBeside(path: string, sha256: string): Promise<RawStatistics> {
  const { weights } = await locateAutoencoder(path, '--vae');
  try {
    return await loadRawStatistics(dirname(weights), { vae: basename(resolve(path)), sha256 });
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UsageError(
      missing
        ? `--statistics: expected raw-statistics.json beside the weights of ${path}, got none. Choose measured; edm2-train vae writes it.`
        : `--statistics: ${(cause as Error).message}`,
      { cause },
    );
  }
}

async function encodeAll(
  writer: DatasetWriter,
  dataset: Awaited<ReturnType<typeof openDataset>>,
  batch: number,
  signal: AbortSignal,
  encode: (pixels: tf.Tensor4D) => tf.Tensor,
): Promise<void> {
  const missing = Array.from({ length: dataset.length }, (_, i) => i).filter((i) => !writer.has(i));
  const there = dataset.length - missing.length;
  if (there > 0) say(`going on: ${there} of ${dataset.length} images are encoded already`);
  const progress = startProgress('encoding', dataset.length, 'images', there);
  let done = there;
  try {
    for await (const { indices, values, shape } of readBatches(dataset, missing, batch, signal)) {
      // The last batch is filled up, so that the encoder is compiled once.
      const full = new Float32Array(batch * (values.length / indices.length));
      full.set(values);
      const pixels = tf.tensor4d(full, [batch, shape[1], shape[2], shape[3]]);
      const raw = encode(pixels);
      const data = await raw.data<'float32'>();
      const [, ...each] = raw.shape;
      const size = data.length / batch;
      await Promise.all(
        indices.map((index, i) => writer.add(index, { shape: each, data: data.slice(i * size, (i + 1) * size) })),
      );
      tf.dispose([pixels, raw]);
      done += indices.length;
      progress.update(done);
    }
  } finally {
    progress.stop();
  }
}

async function measure(folder: string, signal: AbortSignal): Promise<MeasuredStatistics> {
  const latents = await openDataset(folder, { labels: false, cacheBytes: 0 });
  try {
    return await measureRawStatistics(rawBatches(latents, signal), { signal });
  } finally {
    await latents.close();
  }
}

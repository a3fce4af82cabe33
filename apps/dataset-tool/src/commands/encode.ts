import { availableParallelism } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import { interruptible } from '@edm2/app-kit/command/interruptible';
import { ownProgram } from '@edm2/app-kit/command/own-program';
import { startProgress } from '@edm2/app-kit/command/progress';
import { datasetLines } from '@edm2/app-kit/data/dataset-lines';
import { openSquareImages } from '@edm2/app-kit/data/ready-images';
import { UsageError } from '@edm2/command/errors';
import { wholeNumber } from '@edm2/command/whole-number';
import { createWriter, type DatasetWriter, openDataset } from '@edm2/dataset';
import type { EngineReport } from '@edm2/engine';
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
  type LoadedAutoencoder,
  loadAutoencoder,
  loadRawStatistics,
  locateAutoencoder,
  saveRawStatistics,
} from '@edm2/latent-vae/node';
import * as tf from '@tensorflow/tfjs-core';
import { type Command, Option } from 'commander';
import { startEncodeProcesses } from '../encode/encode-processes.js';
import { type Encoder, openEncoder } from '../encode/encoder.js';
import { isStableDiffusion } from '../is-stable-diffusion.js';
import { alone, bothPaths, engineFor, type TransformOptions, withTransformOptions } from '../options.js';
import { rawBatches } from '../raw-batches.js';
import { labelsOf, readBatches } from '../read-batches.js';
import { say } from '../say.js';

interface EncodeOptions extends TransformOptions {
  readonly acceptWarnings?: boolean;
  readonly statistics?: 'published' | 'measured' | 'autoencoder';
  readonly processes: number;
}

/** The largest side that is proposed for photographs: what published autoencoders were trained on. */
const MOST_SIDE = 256;
/** More of them hold more copies of the autoencoder than most machines have room for. */
const MAX_PROCESSES = 64;

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
    .option(
      '--processes <n>',
      'processes that encode, each with its share of the threads',
      wholeNumber({ most: MAX_PROCESSES, why: 'each holds the whole autoencoder' }),
      1,
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
  const dataset = await openSquareImages(source, '--source', {
    ...{ channels: 3, cacheBytes: 0, acceptWarnings, flags, mostSide: MOST_SIDE },
  });
  try {
    if (dataset.dtype !== 'uint8')
      throw new UsageError(`--source: expected images, got arrays of numbers in ${source}. Are they encoded already?`);
    const engine = await engineFor(options, options.vae);
    if (options.processes > 1 && engine.device === 'GPU')
      throw new UsageError(
        `--processes: expected 1 on a GPU, got ${options.processes}. Its memory holds one; take a larger --batch.`,
      );
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
      const encoder = start(options, options.vae as string, engine, { vae, params });
      await encodeAll(writer, dataset, options.batch, signal, encoder).finally(() => encoder.close());
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
  } finally {
    await dataset.close();
  }
}

/** One encoder here, or several processes. @param loaded - disposed when nothing needs it any more. */
function start(
  { processes, threads = availableParallelism(), batch }: EncodeOptions,
  vae: string,
  engine: EngineReport,
  loaded: Pick<LoadedAutoencoder, 'vae' | 'params'>,
): Encoder {
  const program = processes > 1 ? ownProgram() : undefined;
  if (program === undefined) return openEncoder(loaded, batch, engine);
  tf.dispose(loaded.params);
  const share = Math.max(1, Math.floor(threads / processes));
  say(`${processes} processes that encode, ${share} thread${share === 1 ? '' : 's'} each`);
  return startEncodeProcesses(program, processes, { vae: resolve(vae), batch, engine: engine.name, threads: share });
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
  encoder: Encoder,
): Promise<void> {
  const missing = Array.from({ length: dataset.length }, (_, i) => i).filter((i) => !writer.has(i));
  const there = dataset.length - missing.length;
  if (there > 0) say(`going on: ${there} of ${dataset.length} images are encoded already`);
  const progress = startProgress('encoding', dataset.length, 'images', there);
  let done = there;
  const batches = readBatches(dataset, missing, batch, signal);
  const work = async (): Promise<void> => {
    for await (const { indices, values } of batches) {
      const { values: all, shape } = await encoder.encode({ values, count: indices.length, side: dataset.resolution });
      const size = all.length / indices.length;
      await Promise.all(
        indices.map((index, i) => writer.add(index, { shape, data: all.slice(i * size, (i + 1) * size) })),
      );
      done += indices.length;
      progress.update(done);
    }
  };
  try {
    // One that fails ends the batches for all of them. What is encoded is written before anything is said.
    const ends = await Promise.allSettled(Array.from({ length: encoder.concurrency }, work));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
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

import { refuseIdle } from '@edm2/app-kit/command/idle-options';
import { interruptible } from '@edm2/app-kit/command/interruptible';
import { startProgress } from '@edm2/app-kit/command/progress';
import { UsageError } from '@edm2/command/errors';
import { ownCommand } from '@edm2/command/typed';
import { createWriter, openDataset } from '@edm2/dataset';
import { createLatentNormalizer, splitRawLatents } from '@edm2/latent-vae';
import * as tf from '@tensorflow/tfjs-core';
import type { Command } from 'commander';
import { commandWords, describeLatents, findAutoencoder, holdsLatents, openLatentDecoder } from 'edm2/parts';
import { encode as encodePng } from 'fast-png';
import { alone, bothPaths, engineFor, type TransformOptions, withTransformOptions } from '../options.js';
import { labelsOf, readBatches } from '../read-batches.js';
import { say } from '../say.js';

interface DecodeOptions extends TransformOptions {
  readonly anyVae?: boolean;
}

/** `edm2-dataset decode`. */
export const addDecodeCommand = (program: Command): Command =>
  withTransformOptions(program.command('decode'))
    .description(
      'Decode latents to images (their means, without noise), with the autoencoder that their dataset names.',
    )
    .option('--any-vae', 'decode with --vae even when the latents are of another')
    .action((options: DecodeOptions, command: Command) => {
      if (options.vae === undefined) refuseIdle(command, ['anyVae'], '--vae');
      return alone(options, () => decodeCommand(options));
    });

async function decodeCommand(options: DecodeOptions): Promise<void> {
  const { source, dest } = bothPaths(options);
  const dataset = await openDataset(source, { cacheBytes: 0, flags: { path: '--source' } });
  try {
    if (!holdsLatents(dataset))
      throw new UsageError(
        `--source: expected latents (means and deviations), got ${dataset.dtype === 'uint8' ? 'images' : `arrays of ${dataset.channels} channels`} in ${source}. Encode images first: ${ownCommand(['encode', '--source', source])} …`,
      );
    const description = await describeLatents(dataset);
    const wanted = { option: options.vae, description, of: source, any: options.anyVae, words: commandWords };
    const { directory, sha256 } = await findAutoencoder(wanted);
    const engine = await engineFor(options, directory);
    say(`engine: ${engine.why}`);
    const decoder = await openLatentDecoder({
      path: source,
      channels: dataset.channels / 2,
      description,
      vae: directory,
      any: true,
      engine,
      words: commandWords,
    });
    const normalizer = createLatentNormalizer(description.normalizer);
    const settings = { source: dataset.fingerprint, sha256 };
    const writer = await createWriter(dest, { kind: 'images', settings });
    const kept = `what is decoded waits in ${writer.folder}. Go on with the same command`;
    await interruptible({ say, stopping: 'stopping after this batch', kept }, async (signal) => {
      const missing = Array.from({ length: dataset.length }, (_, i) => i).filter((i) => !writer.has(i));
      let done = dataset.length - missing.length;
      if (done > 0) say(`going on: ${done} of ${dataset.length} images are decoded already`);
      const progress = startProgress('decoding', dataset.length, 'images', done);
      try {
        for await (const { indices, values, shape } of readBatches(dataset, missing, options.batch, signal)) {
          const latents = tf.tidy(() => normalizer.toLatents(splitRawLatents(tf.tensor4d(values, shape)).mean));
          const { data, shape: pixels } = await decoder.decode(latents);
          latents.dispose();
          const [, height, width, channels] = pixels;
          const size = height * width * channels;
          await Promise.all(
            indices.map((index, i) => {
              const image = data.slice(i * size, (i + 1) * size);
              return writer.add(index, encodePng({ width, height, channels, depth: 8, data: image }));
            }),
          );
          done += indices.length;
          progress.update(done);
        }
      } finally {
        progress.stop();
      }
      await writer.finish({ labels: labelsOf(dataset), signal });
      say(`${dataset.length} images → ${dest}`);
    });
    decoder.dispose();
  } finally {
    await dataset.close();
  }
}

import { openDataset } from '@edm2/dataset';
import {
  createLatentCodec,
  createLatentNormalizer,
  decodeSeamless,
  decodeTiled,
  inBatches,
  latentMetadata,
  measureRawStatistics,
  STABLE_DIFFUSION_RAW,
  splitRawLatents,
} from '@edm2/latent-vae';
import { loadAutoencoder, saveRawStatistics } from '@edm2/latent-vae/node';
import { jit } from '@edm2/tfjs-jit';
import { startOnnxRuntime } from '@edm2/tfjs-onnxruntime';
import * as tf from '@tensorflow/tfjs';

const engine = await startOnnxRuntime();

// A diffusers folder, a pipeline's, or one file: an autoencoder's or a whole checkpoint.
const { vae, params } = await loadAutoencoder('sd-vae-ft-mse');

// EDM2's convention: pixels 0 … 255 in and out, latents of mean 0 and deviation 0.5.
const normalizer = createLatentNormalizer(STABLE_DIFFUSION_RAW);
const codec = createLatentCodec({ vae, params, normalizer });
const encode = jit(codec.encode, { engine });
const decode = jit(codec.decode, { engine });

const pixels = tf.randomUniform<tf.Rank.R4>([5, 64, 64, 3], 0, 256);
const noise = tf.randomNormal<tf.Rank.R4>([5, 8, 8, 4]);
export const latents = await inBatches(encode, pixels, { batch: 2, noise }); // [5, 8, 8, 4]
export const again = await inBatches(decode, latents, { batch: 2, onProgress: (done, total) => `${done} of ${total}` });

// An image of any size, a strip of rows at a time: what decoding at once would give, without a seam. Values 0 … 1, not clamped.
const panorama = tf.randomNormal<tf.Rank.R4>([1, 16, 48, 4], 0, 0.5);
const raw = normalizer.toRaw(panorama);
export const wide = await decodeSeamless(raw, { vae, params, compile: (fn) => jit(fn, { engine }) }); // [1, 128, 384, 3]
// Or tile by tile, cross-faded: near to that, with any function that decodes.
export const tiled = await decodeTiled(decode, panorama, { tile: 16, overlap: 8 }); // [1, 128, 384, 3]

// Another autoencoder has other statistics. Measure them over an encoded dataset, once; they are kept beside it.
async function* posteriors() {
  const dataset = await openDataset('latents.zip'); // EDM2's: means and deviations of each image
  for (let i = 0; i < dataset.length; i++) {
    const stored = tf.tensor3d(await dataset.read(i), [dataset.resolution, dataset.resolution, dataset.channels]);
    yield splitRawLatents(stored);
    stored.dispose();
  }
  await dataset.close();
}
export const statistics = await measureRawStatistics(posteriors()); // { rawMean, rawStd, meanOnlyStd, noiseShare, pixels }
export const kept = await saveRawStatistics('latents.zip', statistics); // latents.raw-statistics.json
export const own = createLatentNormalizer(statistics);

// A network trained on such latents says in its file what decodes them: saveNetwork(path, { unet, params, metadata }).
export const metadata = latentMetadata('sd-vae-ft-mse', own);

import { countFlops, countParameters, createUNet, initParams, precondition } from '@edm2/edm2-unet';
import { loadNetwork, saveNetwork } from '@edm2/edm2-unet/node';
import * as tf from '@tensorflow/tfjs';

// 16×16 grey images of ten classes. Describing a network allocates nothing.
const images = { imgResolution: 16, imgChannels: 1, labelDim: 10 };
const layout = { modelChannels: 32, channelMult: [1, 2], numBlocks: 1, attnResolutions: [8] };
export const unet = createUNet({ config: 'G', ...images, ...layout });
export const size = `${countParameters(unet)} parameters, ${(countFlops(unet).total / 1e9).toFixed(2)} Gflops an image`;

// Weights are named tensors that the caller owns; the network is a pure function of them.
const params = initParams(unet, 1);
const denoise = precondition(unet)(params);
const noisy = tf.mul<tf.Tensor4D>(tf.randomNormal([2, 16, 16, 1]), 80);
const classes = tf.oneHot(tf.tensor1d([3, 7], 'int32'), 10);
export const clean = denoise(noisy, tf.tensor1d([80, 80]), tf.cast(classes, 'float32')); // D(x; σ), [2, 16, 16, 1]

await saveNetwork('digits.safetensors', { unet, params, metadata: { note: 'untrained' } });
export const again = await loadNetwork('digits.safetensors'); // { unet, params, sigmaData, metadata }

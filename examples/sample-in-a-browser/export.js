import { precondition } from '@edm2/edm2-unet';
import { toOnnx } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs';
import { ROW, SIDE } from './denoiser.js';

/** D(x; σ) as an ONNX file for ten images a call, weights inside. */
export function exportNetwork({ unet, params }) {
  return tf.tidy(() =>
    toOnnx(precondition(unet)(params), [tf.zeros([ROW, SIDE, SIDE, 1]), tf.ones([ROW]), tf.zeros([ROW, ROW])], {
      inputNames: ['x', 'sigma', 'labels'],
      outputNames: ['denoised'],
    }),
  );
}

import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs';
import type { Run } from './runs.js';

const SIDE = 64;
const CLASSES = 10;

/** A small MobileNet as people write it with tf.layers: knows nothing of compiling. */
function smallMobileNet(): tf.LayersModel {
  const { layers } = tf;
  const separable = (filters: number, strides: number): tf.layers.Layer[] => [
    layers.separableConv2d({ filters, kernelSize: 3, strides, padding: 'same', useBias: false }) as tf.layers.Layer,
    layers.batchNormalization() as tf.layers.Layer,
    layers.reLU() as tf.layers.Layer,
  ];
  return tf.sequential({
    layers: [
      layers.conv2d({ filters: 32, kernelSize: 3, strides: 2, padding: 'same', inputShape: [SIDE, SIDE, 3] }),
      layers.reLU() as tf.layers.Layer,
      ...separable(64, 1),
      ...separable(128, 2),
      ...separable(128, 1),
      ...separable(256, 2),
      layers.globalAveragePooling2d({}) as tf.layers.Layer,
      layers.dense({ units: CLASSES, activation: 'softmax' }),
    ],
  });
}

/** Inference, or the loss with its gradients; compiled, or op by op on the current backend. */
export function layersRun(kind: 'predict' | 'gradients', batch: number, compiled: boolean): Run {
  const model = smallMobileNet();
  const images = tf.randomUniform([batch, SIDE, SIDE, 3], 0, 1, 'float32', 1);
  const labels = tf.oneHot(tf.range(0, batch, 1, 'int32').mod(tf.scalar(CLASSES, 'int32')) as tf.Tensor1D, CLASSES);
  const predict = (x: tf.Tensor): tf.Tensor => model.apply(x) as tf.Tensor;
  const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const gradients = (x: tf.Tensor): { value: tf.Scalar; grads: tf.NamedTensorMap } =>
    tf.variableGrads(() => tf.mean(tf.metrics.categoricalCrossentropy(labels, predict(x))) as tf.Scalar, weights);
  const fn: (x: tf.Tensor) => tf.Tensor | ReturnType<typeof gradients> = kind === 'predict' ? predict : gradients;
  const jitted = compiled ? jit(fn) : undefined;
  const used = jitted ?? fn;
  return {
    run() {
      const out = used(images);
      const result = out instanceof tf.Tensor ? out : out.value;
      result.dataSync();
      tf.dispose(out as tf.TensorContainer);
    },
    sessions: () => jitted?.cacheSize ?? 0,
  };
}

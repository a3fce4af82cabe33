import type { ParameterSpec } from '@edm2/tensor-files/tfjs';
import type * as tf from '@tensorflow/tfjs-core';
import { createDinov2 } from '../dinov2/create-dinov2.js';
import { type PixelImage, resizePixels } from '../dinov2/resize-pixels.js';
import { createInception } from '../inception/create-inception.js';
import { bicubicTaps, bilinearTaps, resizeFloat } from './images/prepare.js';
import type { MetricName } from './to-gaussian.js';

/** How pixels are brought to a network's size. */
export type ResizeName = 'tf1' | 'torch' | 'pil';

/** A feature network with its way of resizing. */
export interface Detector {
  /** Whose statistics its features make. */
  readonly metric: MetricName;
  /** The network's short name: `inception`, `dinov2`. */
  readonly name: string;
  /** What the Fréchet distance on its features is called: `FID`, `FD_DINOv2`. */
  readonly figure: string;
  readonly resize: ResizeName;
  readonly dims: number;
  /** Classes that it gives logits of; absent where it does not classify. */
  readonly classes?: number;
  /** Side of what `apply` takes. */
  readonly size: number;
  readonly parameters: readonly ParameterSpec[];
  /** One image, `[size, size, 3]`, 0…255 as the network's `apply` expects it. */
  prepare(image: PixelImage): Float32Array;
  /** `[N, size, size, 3]` → features `[N, dims]`, and Inception's logits. */
  apply(params: Readonly<Record<string, tf.Tensor>>, images: tf.Tensor): { features: tf.Tensor; logits?: tf.Tensor };
}

/** Of Inception's weights: one row a class. */
const CLASS_LAYER = 'fc.weight';

const INCEPTION_SIZE = 299;
const DINOV2_SIZE = 224;

/** Inception's features. @throws {RangeError} for `'pil'`, which its references do not know. */
export function inceptionDetector(resize: ResizeName = 'tf1'): Detector {
  if (resize === 'pil') {
    throw new RangeError(
      "inceptionDetector: expected resize 'tf1' or 'torch', got 'pil'. Use 'tf1', as publications do.",
    );
  }
  const inception = createInception({ resize });
  return {
    metric: 'fid',
    name: 'inception',
    figure: 'FID',
    resize,
    dims: 2048,
    classes: inception.parameters.find(({ name }) => name === CLASS_LAYER)?.shape.at(-1) ?? 0,
    size: INCEPTION_SIZE,
    parameters: inception.parameters,
    prepare: (image) => resizeFloat(image, INCEPTION_SIZE, bilinearTaps(resize)),
    apply: (params, images) => {
      const { pool, logitsUnbiased } = inception.apply(params, images);
      return { features: pool, logits: logitsUnbiased };
    },
  };
}

/** Shape of a DINOv2 network. */
export interface Dinov2Size {
  readonly dim: number;
  readonly depth: number;
  readonly heads: number;
}

const VIT_L: Dinov2Size = { dim: 1024, depth: 24, heads: 16 };

/** DINOv2's features, ViT-L/14 unless another size is given. @throws {RangeError} for `'tf1'`. */
export function dinov2Detector(resize: ResizeName = 'torch', size: Dinov2Size = VIT_L): Detector {
  if (resize === 'tf1') {
    throw new RangeError("dinov2Detector: expected resize 'torch' or 'pil', got 'tf1'. Use 'torch', as EDM2 does.");
  }
  const dinov2 = createDinov2(size);
  return {
    metric: 'fd_dinov2',
    name: 'dinov2',
    figure: 'FD_DINOv2',
    resize,
    dims: size.dim,
    size: DINOV2_SIZE,
    parameters: dinov2.parameters,
    prepare: (image) =>
      resize === 'pil'
        ? Float32Array.from(resizePixels(image, [DINOV2_SIZE, DINOV2_SIZE]).data)
        : resizeFloat(image, DINOV2_SIZE, bicubicTaps),
    apply: (params, images) => ({ features: dinov2.apply(params, images) }),
  };
}

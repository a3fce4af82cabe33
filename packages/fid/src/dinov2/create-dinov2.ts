import type { ParameterSpec } from '@edm2/tensor-files/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { interpolationTaps, tapMatrix } from './cubic.js';
import { dinov2Parameters } from './parameters.js';
import { preprocess } from './preprocess.js';

/** Side of the pixels that the network is asked about. */
const SIZE = 224;

/** Added to the variances of the layer norms. */
const EPSILON = 1e-6;

/** The official code adds this to the new side before it divides, so the scale is not that of the sizes. */
const OFFSET = 0.1;

/** Options of `createDinov2`; ViT-L/14, the network of FD_DINOv2, is `{ dim: 1024, depth: 24, heads: 16 }`. */
export interface Dinov2Options {
  /** Width of the tokens, a multiple of heads. */
  readonly dim: number;
  /** Blocks. */
  readonly depth: number;
  readonly heads: number;
  /** Side of the images that the position table is for; default 518. */
  readonly imgSize?: number;
  /** Side of a patch; default 14. It must divide 224 and imgSize. */
  readonly patch?: number;
}

/** Options of one call. */
export interface Dinov2ApplyOptions {
  /** Sees `tokens.prepared` and each `blockN.out`, `[N, tokens, dim]`; the tensor lives as long as the call. */
  readonly onActivation?: (name: string, value: tf.Tensor) => void;
}

/** A DINOv2 vision transformer. */
export interface Dinov2 {
  /** Names as in the official checkpoints; shapes in TensorFlow.js's layout. */
  readonly parameters: readonly ParameterSpec[];
  /**
   * Resizes to 224×224 as EDM2 does (antialiased bicubic; for Pillow's rounding call `resizePixels` before), and runs the network.
   *
   * @param params - a tensor for each of `parameters`.
   * @param images - `[N, H, W, 3]`, 0…255, any size.
   * @returns `[N, dim]`, the class token after the last norm; a new tensor.
   * @throws {RangeError} when images are not `[N, H, W, 3]` or a parameter is missing.
   */
  apply(params: Readonly<Record<string, tf.Tensor>>, images: tf.Tensor, options?: Dinov2ApplyOptions): tf.Tensor2D;
}

type Params = Readonly<Record<string, tf.Tensor>>;

/**
 * The DINOv2 network whose class token FD_DINOv2 compares. A pure function of named tensors: runs on any TensorFlow.js backend, and whole
 * through `jit`.
 *
 * @throws {RangeError} when the sizes do not fit each other.
 * @see Oquab et al. 2023; Stein et al. 2023 for the distance.
 */
export function createDinov2({ dim, depth, heads, imgSize = 518, patch = 14 }: Dinov2Options): Dinov2 {
  for (const [name, value] of Object.entries({ dim, depth, heads, imgSize, patch })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(
        `createDinov2: expected ${name} ≥ 1, got ${value}. ViT-L/14 is dim 1024, depth 24, heads 16.`,
      );
    }
  }
  if (dim % heads !== 0 || SIZE % patch !== 0 || imgSize % patch !== 0) {
    throw new RangeError(
      `createDinov2: expected heads to divide dim, and patch to divide ${SIZE} and imgSize, got ${heads}, ${dim}, ${patch}, ${imgSize}. Check the network's size.`,
    );
  }
  const table = imgSize / patch;
  return {
    parameters: dinov2Parameters({ dim, depth, patch, tokens: table * table + 1 }),
    apply: (params, images, { onActivation } = {}) => {
      if (images.rank !== 4 || images.shape[3] !== 3) {
        throw new RangeError(
          `apply: expected images [N, H, W, 3], got [${images.shape}]. Repeat grey images' channel three times.`,
        );
      }
      return tf.tidy(() => {
        const pixels = preprocess(tf.cast(images as tf.Tensor4D, 'float32'), SIZE);
        let x = prepareTokens(params, pixels, { dim, patch, table });
        onActivation?.('tokens.prepared', x);
        for (let i = 0; i < depth; i++) {
          x = block(params, `blocks.${i}`, x, heads);
          onActivation?.(`block${i}.out`, x);
        }
        const cls = tf.reshape(tf.slice(x, [0, 0, 0], [-1, 1, -1]), [-1, dim]);
        return layerNorm(params, 'norm', cls) as tf.Tensor2D;
      });
    },
  };
}

/** `[N, 224, 224, 3]` → `[N, 1 + grid², dim]`: the class token, then patches, with their positions. */
function prepareTokens(
  params: Params,
  pixels: tf.Tensor4D,
  { dim, patch, table }: { dim: number; patch: number; table: number },
): tf.Tensor3D {
  const n = pixels.shape[0];
  const grid = SIZE / patch;
  // Patches do not overlap: the convolution is one product. [N, grid, patch, grid, patch·3] → [N·grid², patch²·3]
  const cut = tf.transpose(tf.reshape(pixels, [n, grid, patch, grid, patch * 3]), [0, 1, 3, 2, 4]);
  const filter = tf.reshape(parameter(params, 'patch_embed.proj.weight'), [patch * patch * 3, dim]);
  const product = tf.matMul(tf.reshape(cut, [n * grid * grid, patch * patch * 3]), filter);
  const patches = tf.add(product, parameter(params, 'patch_embed.proj.bias'));
  const cls = tf.add(parameter(params, 'cls_token'), tf.zeros([n, 1, dim]));
  const tokens = tf.concat<tf.Tensor3D>([cls as tf.Tensor3D, tf.reshape(patches, [n, grid * grid, dim])], 1);
  return tf.add(tokens, positions(parameter(params, 'pos_embed') as tf.Tensor3D, { dim, table, grid }));
}

/** The position table at another grid; the class token's row stays. */
export function positions(
  embedding: tf.Tensor3D,
  { dim, table, grid }: { dim: number; table: number; grid: number },
): tf.Tensor3D {
  if (table === grid) return embedding;
  const taps = interpolationTaps(table, grid, table / (grid + OFFSET));
  const matrix = tf.tensor2d(tapMatrix(taps, table), [grid, table]);
  const patches = tf.slice(embedding, [0, 1, 0], [-1, -1, -1]);
  const rows = tf.matMul(matrix, tf.reshape(patches, [table, table * dim])); // [grid, table·dim]
  const turned = tf.transpose(tf.reshape(rows, [grid, table, dim]), [1, 0, 2]);
  const both = tf.matMul(matrix, tf.reshape(turned, [table, grid * dim])); // [grid (x), grid (y)·dim]
  const back = tf.reshape(tf.transpose(tf.reshape(both, [grid, grid, dim]), [1, 0, 2]), [1, grid * grid, dim]);
  return tf.concat<tf.Tensor3D>([tf.slice(embedding, [0, 0, 0], [-1, 1, -1]), back as tf.Tensor3D], 1);
}

function block(params: Params, name: string, x: tf.Tensor3D, heads: number): tf.Tensor3D {
  const attended = attention(params, `${name}.attn`, layerNorm(params, `${name}.norm1`, x), heads);
  const y = tf.add<tf.Tensor3D>(x, tf.mul(attended, parameter(params, `${name}.ls1.gamma`)));
  const hidden = gelu(dense(params, `${name}.mlp.fc1`, layerNorm(params, `${name}.norm2`, y)));
  return tf.add(y, tf.mul(dense(params, `${name}.mlp.fc2`, hidden), parameter(params, `${name}.ls2.gamma`)));
}

function attention(params: Params, name: string, x: tf.Tensor3D, heads: number): tf.Tensor3D {
  const [n, tokens, dim] = x.shape;
  const width = dim / heads;
  // [N, T, 3, heads, width] → [3, N, heads, T, width]
  const qkv = tf.transpose(tf.reshape(dense(params, `${name}.qkv`, x), [n, tokens, 3, heads, width]), [2, 0, 3, 1, 4]);
  const part = (i: number): tf.Tensor3D =>
    tf.reshape(tf.slice(qkv, [i, 0, 0, 0, 0], [1, -1, -1, -1, -1]), [n * heads, tokens, width]);
  const scores = tf.matMul(tf.mul(part(0), 1 / Math.sqrt(width)) as tf.Tensor3D, part(1), false, true);
  const mixed = tf.reshape(tf.matMul(tf.softmax(scores), part(2)), [n, heads, tokens, width]);
  return dense(params, `${name}.proj`, tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [n, tokens, dim]));
}

function dense(params: Params, name: string, x: tf.Tensor3D): tf.Tensor3D {
  const kernel = parameter(params, `${name}.weight`) as tf.Tensor2D;
  const [n, tokens, dim] = x.shape;
  const product = tf.matMul(tf.reshape(x, [n * tokens, dim]), kernel);
  return tf.reshape(tf.add(product, parameter(params, `${name}.bias`)), [n, tokens, kernel.shape[1]]);
}

function layerNorm<T extends tf.Tensor>(params: Params, name: string, x: T): T {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  const normal = tf.div(centred, tf.sqrt(tf.add(variance, EPSILON)));
  return tf.add(tf.mul(normal, parameter(params, `${name}.weight`)), parameter(params, `${name}.bias`));
}

/** `x·Φ(x)` by the error function, not its tanh approximation. */
const gelu = (x: tf.Tensor3D): tf.Tensor3D => tf.mul(tf.mul(x, tf.add(tf.erf(tf.div(x, Math.SQRT2)), 1)), 0.5);

function parameter(params: Params, name: string): tf.Tensor {
  const value = params[name];
  if (!value) throw new RangeError(`apply: expected params to have ${name}, got none. Load all of \`parameters\`.`);
  return value;
}

import { mpCat, mpSilu, mpSum } from '@edm2/mp-layers';
import { admBlock } from './adm-block.js';
import { identity, plainCat, plainSum, silu } from './ladder.js';
import { normalizedLayer } from './learned-layers.js';
import type { BlockPlan, LayerSpec } from './network.js';
import { fourierFeatures, mpFourierFeatures, positionFeatures } from './noise-features.js';
import { affineGroupNorm, noNorm, rmsGroupNorm } from './norms.js';
import type { UNet } from './unet.js';
import type { Vocabulary } from './vocabulary.js';

/** Arithmetic of one forward pass on one image. */
export interface FlopCount {
  /** All of it, a multiply-add counted as one, element-wise work included: the paper's Gflops. */
  readonly total: number;
  /** Multiply-adds of convolutions, of dense layers, and of attention's two products. */
  readonly multiplyAdds: {
    readonly conv: number;
    readonly attention: number;
    readonly linear: number;
    readonly total: number;
  };
  /** Everything else. */
  readonly elementwise: number;
  /**
   * The same total by place: `<layer>` the multiply-adds of a learned layer, `<block>.attention` those of attention,
   * `<layer>.elementwise`, `<block>.elementwise` and `unet.elementwise` the rest.
   */
  readonly byLayer: Readonly<Record<string, number>>;
}

/**
 * Operations for each element, of the functions that the ladder is made of: one for each arithmetic operation on an output
 * element, 4 for SiLU and for softmax, a mean or sum counts its input.
 */
const PER_ELEMENT = new Map<unknown, number>([
  [identity, 0],
  [silu, 4],
  [mpSilu, 5],
  [plainSum, 1],
  [mpSum, 3],
  [plainCat, 0],
  [mpCat, 1],
  [noNorm, 0],
  [rmsGroupNorm, 3],
  [affineGroupNorm, 7],
  [positionFeatures, 2],
  [fourierFeatures, 3],
  [mpFourierFeatures, 4],
]);

/** Square, mean, division. */
const NORMALIZE = 3;
const SOFTMAX = 4;

/** A function that the table lacks, a researcher's own, counts one for each element. */
const per = (fn: unknown): number => PER_ELEMENT.get(fn) ?? 1;

/**
 * Counts the arithmetic of a network from its description; nothing is allocated and nothing runs.
 *
 * Multiply-adds are exact. Element-wise work is what a plain implementation of the formulas does: weight normalisation,
 * for example, four operations a weight (square, mean, division, gain).
 *
 * @see Karras et al. 2024, Table 1 and D.5.
 */
export function countFlops(unet: UNet): FlopCount {
  const byLayer: Record<string, number> = {};
  const multiplyAdds = { conv: 0, attention: 0, linear: 0, total: 0 };
  let elementwise = 0;
  const work = (kind: 'conv' | 'attention' | 'linear', name: string, count: number) => {
    multiplyAdds[kind] += count;
    multiplyAdds.total += count;
    byLayer[name] = count;
  };
  const pointwise = (place: string, count: number) => {
    elementwise += count;
    byLayer[`${place}.elementwise`] = count;
  };

  for (const layer of unet.layers) {
    work(layer.kind === 'conv' ? 'conv' : 'linear', layer.name, products(layer));
    pointwise(layer.name, layerPointwise(unet, layer));
  }
  for (const block of [...unet.plan.encoder, ...unet.plan.decoder]) {
    const pixels = block.resolution ** 2;
    if (block.heads > 0) work('attention', `${block.name}.attention`, 2 * pixels ** 2 * block.to);
    pointwise(block.name, blockPointwise(unet, block));
  }
  pointwise('unet', restPointwise(unet));
  return { total: multiplyAdds.total + elementwise, multiplyAdds, elementwise, byLayer };
}

const products = ({ kernel, from, to, resolution }: LayerSpec): number => kernel ** 2 * from * to * resolution ** 2;

/** Weight normalisation and bias. */
function layerPointwise({ vocabulary }: UNet, { kernel, from, to, resolution, bias }: LayerSpec): number {
  const weights = kernel ** 2 * from * to;
  return (vocabulary.layer === normalizedLayer ? (NORMALIZE + 1) * weights : 0) + (bias ? to * resolution ** 2 : 0);
}

function blockPointwise({ vocabulary: v }: UNet, block: BlockPlan): number {
  const { side, from, to, skip, resolution, mode, heads } = block;
  const adm = v.block === admBlock;
  const outPixels = resolution ** 2;
  const inPixels = outPixels * (mode === 'down' ? 4 : mode === 'up' ? 1 / 4 : 1);
  // A mean reads four pixels for one, a repetition writes four for one; ADM resamples both paths.
  const resampling = mode === 'keep' ? 0 : (adm ? 2 : 1) * from * Math.max(inPixels, outPixels);
  const beforeConv = adm
    ? from * inPixels * (per(v.norm) + per(v.activation))
    : (side === 'enc' ? to : from) * outPixels * per(v.activation);
  const pixelNorm = !adm && side === 'enc' ? NORMALIZE : 0;
  const modulation = v.offset ? 2 : 1;
  const clamp = v.clipAct === null ? 0 : 1;
  const perOutput = pixelNorm + (adm ? per(v.norm) : 0) + modulation + per(v.activation) + per(v.sum) + clamp;
  const emb = (1 + (v.gains ? 1 : 0)) * to;
  const joining = skip > 0 ? per(v.cat) * from * outPixels : 0;
  return (
    resampling + beforeConv + perOutput * to * outPixels + emb + joining + attentionPointwise(v, to, heads, outPixels)
  );
}

function attentionPointwise(v: Vocabulary, channels: number, heads: number, pixels: number): number {
  if (heads === 0) return 0;
  const qkv = v.qkvNorm === identity ? 0 : 3 * NORMALIZE;
  const scale = 1;
  const perOutput = per(v.attentionNorm) + qkv + scale + per(v.sum);
  return perOutput * channels * pixels + SOFTMAX * heads * pixels ** 2;
}

/** Noise features, embedding, output. */
function restPointwise({ vocabulary: v, config, plan }: UNet): number {
  const { levels, noiseChannels, embChannels } = plan;
  const labels = config.labelDim > 0 ? config.labelDim + per(v.sum) * embChannels : 0;
  const embedding = per(v.noiseFeatures) * noiseChannels + v.noiseLayers * per(v.activation) * embChannels + labels;
  const pixels = config.imgResolution ** 2;
  const output = (per(v.norm) + per(v.outputActivation)) * (levels[0] ?? 0) * pixels;
  return embedding + output + (v.gains ? config.imgChannels * pixels : 0);
}

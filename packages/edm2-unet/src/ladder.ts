import { mpCat, mpSilu, mpSum, normalize } from '@edm2/mp-layers';
import * as tf from '@tensorflow/tfjs-core';
import { admBlock } from './adm-block.js';
import { edm2Block } from './edm2-block.js';
import { fanInUniform, unitNormal, zeroLastLayers } from './initializers.js';
import { normalizedLayer, plainLayer } from './learned-layers.js';
import { fourierFeatures, mpFourierFeatures, positionFeatures } from './noise-features.js';
import { affineGroupNorm, noNorm, rmsGroupNorm } from './norms.js';
import type { Vocabulary } from './vocabulary.js';
import type { Pointwise } from './words.js';

/** Leaves its input as it is. */
export const identity: Pointwise = (x) => x;
/** `x·sigmoid(x)`. */
export const silu: Pointwise = (x) => tf.mul(x, tf.sigmoid(x));
/** `main + branch`. */
export const plainSum: Vocabulary['sum'] = (main, branch) => tf.add(main, branch);
/** `[main, skip]` on the channel axis. */
export const plainCat: Vocabulary['cat'] = (main, skip) => tf.concat([main, skip], -1);

/** The EDM baseline, ADM's network. Karras et al. 2024, B.1. */
const A: Vocabulary = {
  layer: plainLayer,
  bias: true,
  gains: false,
  forcedWeightNorm: false,
  init: zeroLastLayers,
  activation: silu,
  sum: plainSum,
  cat: plainCat,
  share: { block: 0.3, attention: 0.3, label: 0.5, skip: 0.5 },
  clipAct: 256, // D.2: half precision does not overflow
  noiseFeatures: positionFeatures,
  noiseLayers: 2,
  labelScale: () => 1,
  onesChannel: false,
  block: admBlock,
  norm: affineGroupNorm,
  attentionNorm: affineGroupNorm,
  qkvNorm: identity,
  offset: true,
  outputActivation: silu,
  attnResolutions: [32, 16, 8],
};

/** Minor improvements, B.2: of the network, only where attention is. */
const B: Vocabulary = { ...A, attnResolutions: [16, 8] };

/** Architectural streamlining, B.3. */
const C: Vocabulary = {
  ...B,
  bias: false,
  onesChannel: true,
  init: fanInUniform,
  labelScale: Math.sqrt,
  noiseFeatures: fourierFeatures,
  norm: rmsGroupNorm, // eq. 29
  attentionNorm: noNorm,
  qkvNorm: (qkv) => normalize(qkv, [1]), // eq. 30, over a head's channels
  offset: false,
};

/** Magnitude-preserving learned layers, B.4: weights are normalised on use. Eq. 47. */
const D: Vocabulary = { ...C, layer: normalizedLayer, init: unitNormal };

/** Control of the effective learning rate, B.5: stored weights are kept normalised. Eq. 66. */
const E: Vocabulary = { ...D, forcedWeightNorm: true };

/** Removal of group normalisations, B.6. */
const F: Vocabulary = { ...E, block: edm2Block, norm: noNorm, outputActivation: identity, noiseLayers: 1 };

/** Magnitude-preserving fixed-function layers, B.7. */
const G: Vocabulary = {
  ...F,
  activation: mpSilu, // eq. 81
  sum: mpSum, // eq. 88
  cat: mpCat, // eq. 103
  noiseFeatures: mpFourierFeatures, // eq. 75
  gains: true,
};

/** The configs of the paper's Table 1: each differs from the one before by exactly what its lines say. */
export const ladder = { A, B, C, D, E, F, G } as const;

/** `'A'` … `'G'`. */
export type ConfigName = keyof typeof ladder;

/** Names of all configs, in the ladder's order. */
export const CONFIG_NAMES = Object.keys(ladder) as ConfigName[];

/** What each config adds to the one before, in the words of the paper's Table 1. */
export const CONFIG_STEPS: Readonly<Record<ConfigName, string>> = {
  A: 'EDM baseline',
  B: '+ minor improvements',
  C: '+ architectural streamlining',
  D: '+ magnitude-preserving learned layers',
  E: '+ control effective learning rate',
  F: '+ remove group normalisations',
  G: '+ magnitude-preserving fixed-function layers',
};

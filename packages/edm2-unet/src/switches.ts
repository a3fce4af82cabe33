import type { ConfigName } from './ladder.js';
import { ladder } from './ladder.js';
import { noNorm } from './norms.js';
import type { Vocabulary } from './vocabulary.js';

const { A, C, D, E, F, G } = ladder;

/**
 * Every difference between the configs' networks as a value of its own: `createUNet({ config: 'G', attention: 'dot-product' })` is G
 * without cosine attention, `{ config: 'C', forcedWeightNorm: true }` C with forced normalisation. What is left out is the config's. The remaining
 * difference, where attention is (A and B), is the option `attnResolutions`; how configs are trained, `trainingLadder` of
 * `@edm2/training`.
 */
export interface Switches {
  /** A bias in every layer but the class embedding: A B yes. */
  readonly bias?: boolean;
  /** The embedding gives blocks an offset beside the scale: A B yes. */
  readonly offset?: boolean;
  /** Noise features: sines and cosines (A B), random Fourier features (C to F), these times √2 (G, eq. 75). */
  readonly noiseFeatures?: 'position' | 'fourier' | 'mp-fourier';
  /** Factor of the one-hot label: 1 (A B), √labelDim from C on. */
  readonly labelScale?: 'one' | 'sqrt';
  /** A channel of ones joins the input: from C on. */
  readonly onesChannel?: boolean;
  /** Normalised input and dot products (A B); queries, keys and values of unit size from C on (eq. 30). */
  readonly attention?: 'dot-product' | 'cosine';
  /** Mean and variance with learned scale (A B), RMS alone (C to E, eq. 29), none from F on. Blocks `edm2` know none. */
  readonly groupNorm?: 'affine' | 'rms' | 'none';
  /** Zero last layers (A B), uniform by fan-in (C), N(0, 1) from D on. */
  readonly init?: 'zero-last' | 'fan-in' | 'unit-normal';
  /** Weights are normalised on use: from D on (eq. 47). Switched off there, `init` is `fan-in` unless set. */
  readonly weightNorm?: boolean;
  /** A training step starts by overwriting weights with their normalised selves: from E on (eq. 66). Without `weightNorm`, by 1/√fan_in of them. */
  readonly forcedWeightNorm?: boolean;
  /** Order of a block's operations: A to E `adm`; from F on `edm2`, with pixel norm in the encoder. */
  readonly block?: 'adm' | 'edm2';
  /** Dense layers on the noise features before the label joins: A to E 2, from F on 1. */
  readonly noiseLayers?: 1 | 2;
  /** SiLU before the output convolution: A to E yes. */
  readonly outputSilu?: boolean;
  /** SiLU, or SiLU/0.596 (G, eq. 81). */
  readonly activation?: 'silu' | 'mp-silu';
  /** Plain residual and label sums, or magnitude-preserving ones (G, eq. 88). */
  readonly sum?: 'plain' | 'mp';
  /** Plain concatenation, or magnitude-preserving (G, eq. 103). */
  readonly cat?: 'plain' | 'mp';
  /** Learned gains, at first 0, on blocks' conditioning and on the output: G. */
  readonly gains?: boolean;
}

/** Name of a switch. */
export type SwitchName = keyof Switches;

type Settings = { readonly [K in SwitchName]-?: Readonly<Record<`${NonNullable<Switches[K]>}`, Partial<Vocabulary>>> };

/** The words that each value of a switch puts into the vocabulary, taken from the rung that has it. */
const SETTINGS: Settings = {
  bias: { true: { bias: A.bias }, false: { bias: C.bias } },
  offset: { true: { offset: A.offset }, false: { offset: C.offset } },
  noiseFeatures: {
    position: { noiseFeatures: A.noiseFeatures },
    fourier: { noiseFeatures: C.noiseFeatures },
    'mp-fourier': { noiseFeatures: G.noiseFeatures },
  },
  labelScale: { one: { labelScale: A.labelScale }, sqrt: { labelScale: C.labelScale } },
  onesChannel: { true: { onesChannel: C.onesChannel }, false: { onesChannel: A.onesChannel } },
  attention: {
    'dot-product': { attentionNorm: A.attentionNorm, qkvNorm: A.qkvNorm },
    cosine: { attentionNorm: C.attentionNorm, qkvNorm: C.qkvNorm },
  },
  groupNorm: { affine: { norm: A.norm }, rms: { norm: C.norm }, none: { norm: F.norm } },
  init: { 'zero-last': { init: A.init }, 'fan-in': { init: C.init }, 'unit-normal': { init: D.init } },
  weightNorm: { true: { layer: D.layer }, false: { layer: C.layer } },
  forcedWeightNorm: { true: { forcedWeightNorm: E.forcedWeightNorm }, false: { forcedWeightNorm: D.forcedWeightNorm } },
  block: { adm: { block: A.block }, edm2: { block: F.block } },
  noiseLayers: { 1: { noiseLayers: F.noiseLayers }, 2: { noiseLayers: A.noiseLayers } },
  outputSilu: { true: { outputActivation: A.outputActivation }, false: { outputActivation: F.outputActivation } },
  activation: { silu: { activation: A.activation }, 'mp-silu': { activation: G.activation } },
  sum: { plain: { sum: A.sum }, mp: { sum: G.sum } },
  cat: { plain: { cat: A.cat }, mp: { cat: G.cat } },
  gains: { true: { gains: G.gains }, false: { gains: F.gains } },
};

/** Names of all switches. */
export const SWITCH_NAMES = Object.keys(SETTINGS) as readonly SwitchName[];

/** Values that a switch takes. */
export const switchValues = (name: SwitchName): readonly string[] => Object.keys(SETTINGS[name]);

/** Words of a value. @throws {RangeError} when the switch has no such value. */
function wordsOf(name: SwitchName, value: unknown): Partial<Vocabulary> {
  const values: Readonly<Record<string, Partial<Vocabulary>>> = SETTINGS[name];
  const known = Object.entries(values).find(([key]) => key === String(value));
  if (!known)
    throw new RangeError(
      `createUNet: expected ${name} as one of ${Object.keys(values).join(', ')}, got ${JSON.stringify(value)}. See Switches.`,
    );
  return known[1];
}

/** The vocabulary of a config with switches set. @throws {RangeError} when a value is unknown, or two do not go together. */
export function switched(config: ConfigName, switches: Switches): Vocabulary {
  const set = SWITCH_NAMES.filter((name) => switches[name] !== undefined);
  if (set.length === 0) return ladder[config];
  const words = set.map((name) => wordsOf(name, switches[name]));
  const vocabulary: Vocabulary = Object.assign({}, ladder[config], ...words);
  // Weights that nothing normalises on use need the scale of their layer: N(0, 1) would be √fan_in too large.
  if (switches.weightNorm === false && switches.init === undefined && vocabulary.init === D.init)
    Object.assign(vocabulary, { init: C.init });
  assertTogether(vocabulary);
  return vocabulary;
}

/** The value of every switch in a config. */
export function switchesOf(config: ConfigName): Required<Switches> {
  const has = (words: Partial<Vocabulary>): boolean =>
    Object.entries(words).every(([key, word]) => ladder[config][key as keyof Vocabulary] === word);
  const value = (name: SwitchName): boolean | string | number => {
    const [key = ''] = Object.entries<Partial<Vocabulary>>(SETTINGS[name]).find(([, words]) => has(words)) ?? [];
    return parseSwitch(key);
  };
  return Object.fromEntries(SWITCH_NAMES.map((name) => [name, value(name)])) as unknown as Required<Switches>;
}

/** A value as text, such as a command line's, in its own type. */
export function parseSwitch(text: string): boolean | string | number {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^\d+$/.test(text) ? Number(text) : text;
}

function assertTogether({ block, norm, layer, init, forcedWeightNorm }: Vocabulary): void {
  if (block === F.block && norm !== noNorm)
    throw new RangeError(
      "createUNet: expected block 'edm2' with groupNorm 'none', got another. Its blocks have no group norms: set groupNorm too, or block 'adm'.",
    );
  if (init === A.init && (layer === D.layer || forcedWeightNorm))
    throw new RangeError(
      "createUNet: expected weightNorm and forcedWeightNorm with weights that are not zero, got init 'zero-last'. Set init 'unit-normal' or 'fan-in' too.",
    );
}

import { known, type OptionNames } from '@edm2/options';
import { BALANCE_NAMES, type Balances } from './balances.js';
import { type ConfigName, ladder } from './ladder.js';
import { SWITCH_NAMES, type Switches, switched } from './switches.js';

/** What a network is made from; single switches and constants of its config besides. The names are those of the golden files' metadata in camel case. */
export interface UNetOptions extends Switches, Balances {
  /** Rung of the ladder. Default G. */
  readonly config?: ConfigName;
  /** Side of the square images, a power of two times what the levels halve. */
  readonly imgResolution: number;
  /** Channels of the images: 4 for latents, 3 for RGB, 1 for grey. */
  readonly imgChannels: number;
  /** Number of classes, 0 for none. Default 0. */
  readonly labelDim?: number;
  /** Channels at the highest resolution. Default 192. */
  readonly modelChannels?: number;
  /** Channels of each level as a multiple of modelChannels. Default [1, 2, 3, 4]. */
  readonly channelMult?: readonly number[];
  /** Channels of the noise features as a multiple of modelChannels. Default those of the first level. */
  readonly channelMultNoise?: number | null;
  /** Channels of the embedding as a multiple of modelChannels. Default those of the widest level. */
  readonly channelMultEmb?: number | null;
  /** Blocks of each encoder level; the decoder has one more. Default 3. */
  readonly numBlocks?: number;
  /** Image sides at which blocks attend. Default that of the config: [16, 8], in A [32, 16, 8]. */
  readonly attnResolutions?: readonly number[];
  /** Channels of one attention head. Default 64. */
  readonly channelsPerHead?: number;
  /** Probability of dropping an activation in training, 0 ≤ p < 1. Default 0. Masks are made by the caller, see `UNet.dropoutShapes`. */
  readonly dropout?: number;
  /** Width of the labels that tell how an image was augmented, see `ApplyOptions.augmentLabels`. Default none; EDM's pipeline has 9. */
  readonly augmentDim?: number;
  /**
   * Factor on the bound 1/√fan_in of uniform initial weights (A to C), > 0. Default 1; √3 is He's for unit gain, another reading of the
   * paper's words.
   */
  readonly initGain?: number;
}

/** Options that stay absent when they were not set. */
type Unset = keyof Switches | keyof Balances | Multiple | 'initGain' | 'augmentDim';
type Multiple = 'channelMultNoise' | 'channelMultEmb';

/** {@link UNetOptions} with every default filled in: plain data, what a file's metadata holds. Of the switches and constants, those that were set. */
export type UNetConfig = Pick<UNetOptions, Exclude<Unset, Multiple>> & {
  readonly [K in Multiple]?: number;
} & {
  readonly [K in Exclude<keyof UNetOptions, Unset>]-?: NonNullable<UNetOptions[K]>;
};

const MULTIPLES: readonly Multiple[] = ['channelMultNoise', 'channelMultEmb'];
/** null says the same as nothing where it is a published default; of clipAct it says more. */
const UNSET: readonly Unset[] = [...SWITCH_NAMES, ...BALANCE_NAMES, ...MULTIPLES, 'initGain', 'augmentDim'];
const isSet = (options: UNetOptions, name: Unset): boolean =>
  options[name] !== undefined && !(options[name] === null && (MULTIPLES as readonly Unset[]).includes(name));

const OPTIONS = Object.fromEntries(
  [
    ...(['config', 'imgResolution', 'imgChannels', 'labelDim', 'modelChannels', 'channelMult', 'numBlocks'] as const),
    ...(['attnResolutions', 'channelsPerHead', 'dropout'] as const),
    ...UNSET,
  ].map((name) => [name, true]),
) as OptionNames<UNetOptions>;

/** Fills in defaults and checks every value. @throws {RangeError} naming the option. */
export function resolveConfig(options: UNetOptions): UNetConfig {
  const { config = 'G' } = known('createUNet', options, OPTIONS);
  if (!Object.hasOwn(ladder, config))
    fail('config', `one of ${Object.keys(ladder).join(', ')}`, config, 'G is the final one');
  const full: UNetConfig = {
    config,
    imgResolution: options.imgResolution,
    imgChannels: options.imgChannels,
    labelDim: options.labelDim ?? 0,
    modelChannels: options.modelChannels ?? 192,
    channelMult: [...(options.channelMult ?? [1, 2, 3, 4])],
    numBlocks: options.numBlocks ?? 3,
    attnResolutions: [...(options.attnResolutions ?? ladder[config].attnResolutions)],
    channelsPerHead: options.channelsPerHead ?? 64,
    dropout: options.dropout ?? 0,
    ...Object.fromEntries(UNSET.filter((name) => isSet(options, name)).map((name) => [name, options[name]])),
  };
  for (const key of ['imgResolution', 'imgChannels', 'modelChannels', 'channelsPerHead', 'numBlocks'] as const)
    if (!isCount(full[key])) fail(key, 'a positive integer', full[key]);
  if (full.labelDim !== 0 && !isCount(full.labelDim)) fail('labelDim', 'an integer >= 0', full.labelDim);
  if (full.augmentDim !== undefined && !isCount(full.augmentDim))
    fail('augmentDim', 'a positive integer, left out for no augmentation', full.augmentDim);
  if (full.channelMult.length === 0 || !full.channelMult.every((m) => isCount(m * full.modelChannels)))
    fail('channelMult', 'multiples that make every level a positive number of channels', full.channelMult);
  for (const key of MULTIPLES)
    if (full[key] !== undefined && !isCount(full[key] * full.modelChannels))
      fail(key, 'a multiple of modelChannels that is a positive number of channels', full[key]);
  if (!full.attnResolutions.every(isCount)) fail('attnResolutions', 'positive integers', full.attnResolutions);
  if (!(full.dropout >= 0 && full.dropout < 1)) fail('dropout', '0 <= dropout < 1', full.dropout);
  if (!((full.initGain ?? 1) > 0 && Number.isFinite(full.initGain ?? 1)))
    fail('initGain', 'a number above 0', full.initGain);
  const halvings = 2 ** (full.channelMult.length - 1);
  if (full.imgResolution % halvings !== 0)
    fail('imgResolution', `a multiple of ${halvings}, for ${full.channelMult.length} levels`, full.imgResolution);
  switched(config, full);
  return full;
}

const isCount = (value: number): boolean => Number.isInteger(value) && value > 0;

function fail(option: string, expected: string, actual: unknown, remedy = 'See UNetOptions'): never {
  throw new RangeError(`createUNet: expected ${option} as ${expected}, got ${JSON.stringify(actual)}. ${remedy}.`);
}

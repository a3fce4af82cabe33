import { known, type OptionNames } from '@edm2/options';
import type { layers } from '@tensorflow/tfjs-layers';

/** What a layer's constructor takes besides its own settings: name, input shape and the like. */
export type LayerArgs = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;

/** Read by tf.layers.Layer itself. */
const LAYER: OptionNames<LayerArgs> = {
  inputShape: true,
  batchInputShape: true,
  batchSize: true,
  dtype: true,
  name: true,
  trainable: true,
  weights: true,
  inputDType: true,
};

/** tf.loadLayersModel puts it among the settings of whatever it makes. */
export const BY_LOADING = 'customObjects';

/** Settings of tf.layers' own conv2d and dense: the values that say what a layer here does anyway, and what to do for another. */
const ELSEWHERE: Readonly<Record<string, { readonly same: readonly unknown[]; readonly remedy: string }>> = {
  activation: { same: ['linear'], remedy: 'Put an activation layer after it, such as new MPSilu()' },
  useBias: { same: [false], remedy: 'These layers have no bias: a channel of ones in the input does its work' },
  strides: { same: [1, '1,1'], remedy: 'Put tf.layers.averagePooling2d after it' },
  padding: { same: ['same'], remedy: "Padding is 'same': put tf.layers.cropping2D after it" },
  dilationRate: { same: [1, '1,1'], remedy: 'Use a larger kernelSize' },
  dataFormat: { same: ['channelsLast'], remedy: 'Images are [N, H, W, C]: put tf.layers.permute before it' },
  kernelInitializer: { same: [], remedy: 'Weights start from N(0, 1): give others as weights, or with setWeights' },
  kernelConstraint: { same: [], remedy: 'Weights are normalised on use, and in training unless forced is false' },
  kernelRegularizer: { same: [], remedy: 'Weights are normalised on use: their size has no effect' },
  inputDim: { same: [], remedy: 'Give inputShape: [inputDim]' },
};

/** Whether a setting of a similar layer asks for what this layer does anyway. Keras writes null for a setting that is not used. */
const says = (value: unknown, same: readonly unknown[]): boolean =>
  value === undefined || value === null || same.includes(Array.isArray(value) ? value.join() : value);

/**
 * A layer's settings, checked: its own and those of every layer. A setting of tf.layers' conv2d or dense may say what this layer does; anything
 * else is refused.
 *
 * @param layer - class name.
 * @param names - the layer's own settings.
 * @throws {RangeError} naming the setting and what to do instead.
 */
export function layerArgs<A extends LayerArgs>(
  layer: string,
  args: A,
  names: OptionNames<Omit<A, keyof LayerArgs>>,
): A {
  const own = Object.entries(args ?? {}).filter(([key, value]) => {
    if (key === BY_LOADING) return false;
    const other = Object.hasOwn(names, key) || !Object.hasOwn(ELSEWHERE, key) ? undefined : ELSEWHERE[key];
    if (other === undefined) return true;
    if (says(value, other.same)) return false;
    throw new RangeError(
      `${layer}: expected no ${key}${other.same.length > 0 ? ` but ${String(other.same[0])}` : ''}, got ${text(value)}. ${other.remedy}.`,
    );
  });
  return known(layer, typeof args === 'object' && args ? (Object.fromEntries(own) as A) : args, {
    ...LAYER,
    ...names,
  } as unknown as OptionNames<A>);
}

/** @throws {RangeError} when a number of channels is not a whole number ≥ 1. */
export function checkChannels(layer: string, name: string, value: unknown): void {
  if (!(Number.isInteger(value) && Number(value) > 0))
    throw new RangeError(
      `${layer}: expected ${name} as a positive integer, got ${text(value)}. It is the output's width.`,
    );
}

const text = (value: unknown): string =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? 'an object'
    : (JSON.stringify(value) ?? 'nothing');

import { PickledArray, type PickledInstance, type PickleValue } from '@edm2/tensor-files';
import type { UNetOptions } from '../config.js';

/** Constructor arguments that are options of ours, by their names in the published tool. */
const OPTIONS: Readonly<Record<string, keyof UNetOptions>> = {
  img_resolution: 'imgResolution',
  img_channels: 'imgChannels',
  label_dim: 'labelDim',
  model_channels: 'modelChannels',
  channel_mult: 'channelMult',
  num_blocks: 'numBlocks',
  attn_resolutions: 'attnResolutions',
  channels_per_head: 'channelsPerHead',
  dropout: 'dropout',
  channel_mult_noise: 'channelMultNoise',
  channel_mult_emb: 'channelMultEmb',
  label_balance: 'labelBalance',
  concat_balance: 'concatBalance',
  res_balance: 'resBalance',
  attn_balance: 'attnBalance',
  clip_act: 'clipAct',
};

/** Arguments that say nothing about the network F: the precision it ran in, and the head that only training uses. */
const ASIDE = ['use_fp16', 'sigma_data', 'logvar_channels'];

/** The order of arguments that were given by place. */
const POSITIONS = ['img_resolution', 'img_channels', 'label_dim', 'use_fp16', 'sigma_data', 'logvar_channels'];

/**
 * Options of the network that a pickled snapshot holds, from its fields and constructor arguments.
 *
 * @throws {RangeError} when one is missing, or one that this package does not have.
 */
export function snapshotConfig({ state }: PickledInstance): UNetOptions {
  const given = new Map<string, PickleValue>();
  for (const name of POSITIONS.slice(0, 3)) if (state.has(name)) given.set(name, state.get(name) as PickleValue);
  const args = state.get('_init_args');
  if (Array.isArray(args)) args.forEach((value, i) => void given.set(POSITIONS[i] ?? `argument ${i}`, value));
  const keywords = state.get('_init_kwargs');
  if (keywords instanceof Map) for (const [name, value] of keywords) given.set(String(name), value);

  const options: Record<string, PickleValue> = { config: 'G' };
  for (const [name, value] of given) {
    const option = OPTIONS[name];
    if (option) options[option] = value;
    else if (!ASIDE.includes(name))
      throw new RangeError(
        `loadNetwork: expected a network of EDM2's config G, got one made with ${name} = ${String(value)}. Such networks are not known here.`,
      );
  }
  for (const name of ['imgResolution', 'imgChannels'])
    if (options[name] === undefined)
      throw new RangeError(`loadNetwork: expected a snapshot that tells ${name}, got none. Is it a network of EDM2?`);
  return options as unknown as UNetOptions; // createUNet checks every value
}

/**
 * σ of the data that the preconditioning assumes; 0.5, the constructor's default, when the snapshot says nothing.
 *
 * @throws {RangeError} when it says something else than a number above 0.
 */
export function snapshotSigmaData({ state }: PickledInstance): number {
  const keywords = state.get('_init_kwargs');
  const args = state.get('_init_args');
  const value =
    state.get('sigma_data') ??
    (keywords instanceof Map ? keywords.get('sigma_data') : undefined) ??
    (Array.isArray(args) ? args[POSITIONS.indexOf('sigma_data')] : undefined) ??
    0.5;
  if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return value;
  throw new RangeError(
    `loadNetwork: expected sigma_data to be a number above 0, got ${String(value)}. Is it a network of EDM2?`,
  );
}

/** What a snapshot says of how images become its data: class, and a VAE's name and statistics. */
export function encoderMetadata(encoder: PickledInstance | undefined): Record<string, string> {
  if (!encoder) return {};
  const { className, state } = encoder;
  const [vae, scale, bias] = [state.get('vae_name'), state.get('scale'), state.get('bias')];
  const list = (value: unknown): string | undefined =>
    value instanceof PickledArray ? JSON.stringify([...value.data].map(Number)) : undefined;
  return Object.fromEntries(
    Object.entries({
      encoder: className,
      vae: typeof vae === 'string' ? vae : undefined,
      encoderScale: list(scale),
      encoderBias: list(bias),
    }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

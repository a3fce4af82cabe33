import type { DiffusersConfig } from './config.js';

/** Widest layer believed: a hundred times what published autoencoders have; more is a damaged file. */
const MAX_CHANNELS = 1 << 16;
/** Most levels: 16 halvings are more than any image has. */
const MAX_LEVELS = 16;
/** Most residual blocks of a level: published autoencoders have 2 or 3. */
export const MAX_LAYERS = 64;

/** What there is of each class of diffusers' autoencoders that is not the one asked for. */
const OTHERS: Readonly<Record<string, string>> = {
  AutoencoderKL: 'Read it with createAutoencoderKL, or loadAutoencoder',
  AutoencoderTiny: 'Read it with createAutoencoderTiny, or loadAutoencoderTiny',
  AsymmetricAutoencoderKL:
    'It has a wider decoder, conditioned on a mask, for inpainting; its encoder is that of the AutoencoderKL that it was made from: use that one',
};

/** A class that is not read. */
const remedyFor = (name: unknown): string =>
  (typeof name === 'string' && Object.hasOwn(OTHERS, name) && OTHERS[name]) ||
  'Of diffusers’ autoencoders AutoencoderKL (Stable Diffusion 1 to 3, SDXL, Flux) and AutoencoderTiny (TAESD) are read';

/** Reads values of a diffusers configuration; each throws a RangeError that names the key. */
export interface ConfigReader {
  /** A whole number of at least 1. */
  count(key: string, otherwise: number, most?: number): number;
  /** Several of them: one to {@link MAX_LEVELS}. */
  counts(key: string, otherwise: readonly number[] | undefined, most?: number): number[];
  flag(key: string, otherwise?: boolean): boolean;
  number(key: string, otherwise: number): number;
  /** The value must be one of these; the first where there is none. */
  only(key: string, values: readonly unknown[]): void;
  /** A list of so many equal names, where there is one. */
  repeated(key: string, name: string, times: number): void;
  fail(key: string, expected: string, actual: unknown): never;
}

/**
 * Opens a configuration of a class; its keys must be known, but for those that begin with `_`, which are the library's notes.
 *
 * @param fn - who asks, for errors.
 */
export function readConfig(
  fn: string,
  options: DiffusersConfig,
  about: { readonly className: string; readonly keys: readonly string[] },
): ConfigReader {
  const { className, keys } = about;
  const fail = (key: string, expected: string, actual: unknown, remedy?: string): never => {
    throw new RangeError(
      `${fn}: expected ${key} to be ${expected}, got ${JSON.stringify(actual)?.slice(0, 120)}. ${remedy ?? `Pass the config.json of an ${className}`}.`,
    );
  };
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    fail('the configuration', 'an object', options);
  const name = options['_class_name'] ?? className;
  if (name !== className) fail('_class_name', className, name, remedyFor(name));
  const unknown = Object.keys(options).find((key) => !keys.includes(key) && !key.startsWith('_'));
  if (unknown !== undefined)
    throw new RangeError(
      `${fn}: expected keys of an ${className} (${keys.join(', ')}), got ${unknown}. Correct it; leave it out if it does not change the network.`,
    );
  const whole = (key: string, value: unknown, most: number): number => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > most)
      fail(key, `whole numbers of 1 to ${most}`, value);
    return value as number;
  };
  return {
    fail,
    count: (key, otherwise, most = MAX_CHANNELS) => whole(key, options[key] ?? otherwise, most),
    counts(key, otherwise, most = MAX_CHANNELS) {
      const value = options[key] ?? otherwise;
      if (!Array.isArray(value) || value.length === 0 || value.length > MAX_LEVELS)
        fail(key, `a list of 1 to ${MAX_LEVELS} numbers, one a level`, value);
      return (value as unknown[]).map((each) => whole(key, each, most));
    },
    flag(key, otherwise = true) {
      const value = options[key] ?? otherwise;
      if (typeof value !== 'boolean') fail(key, 'true or false', value);
      return value as boolean;
    },
    number(key, otherwise) {
      const value = options[key] ?? otherwise;
      if (typeof value !== 'number' || !Number.isFinite(value)) fail(key, 'a number', value);
      return value as number;
    },
    only(key, values) {
      const value = options[key] ?? values[0];
      if (!values.includes(value)) fail(key, values.join(' or '), value);
    },
    repeated(key, block, times) {
      const value = options[key] ?? Array.from({ length: times }, () => block);
      if (!Array.isArray(value) || value.length !== times || value.some((each) => each !== block))
        fail(key, `${times} times ${block}, one for each of block_out_channels`, value);
    },
  };
}

import { withEngineOptions } from '@edm2/app-kit/command/engine-options';
import { withDestination } from '@edm2/command/destination';
import { numeric } from '@edm2/command/readers';
import { wholeNumber } from '@edm2/command/whole-number';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { MAX_BATCH } from '../options/limits.js';
import { count, natural } from '../options/parsers.js';
import type { VaeConfig } from './vae-config.js';

/** What was typed; undefined where nothing was. */
export interface VaeOptions extends Partial<Omit<VaeConfig, 'format' | 'dataFingerprint'>> {
  readonly outdir?: string;
  /** Side in pixels that photographs are resized to. */
  readonly resolution?: number;
  readonly resume?: boolean;
  readonly dryRun?: boolean;
}

/** Where nothing was typed. What depends on the data or on other settings is in `resolveVaeConfig`. */
export const DEFAULTS = {
  seed: 0,
  channels: [32, 64, 128],
  layers: 1,
  latentChannels: 4,
  attention: false,
  batch: 16,
  lr: 1e-3,
  distance: 'l2',
  detail: 0.5,
  kl: 1e-4,
  duration: 65_536,
} as const satisfies Partial<Record<keyof VaeConfig, unknown>>;

/** Most levels and widest one: Stable Diffusion's has four, of up to 512 channels. */
const MAX_LEVELS = 6;
const MAX_WIDTH = 1024;
/** Residual blocks of a level, and channels of latents; published autoencoders have 2, and 16 or 32. */
const MAX_LAYERS = 8;
const MAX_LATENTS = 64;

/** `32,64,128`. */
function widths(text: string): number[] {
  const list = text.split(',').map((part) => Number(part.trim() || Number.NaN));
  if (list.length > MAX_LEVELS || !list.every((width) => Number.isInteger(width) && width >= 1 && width <= MAX_WIDTH))
    throw new InvalidArgumentError(`Expected 1 to ${MAX_LEVELS} widths of 1 to ${MAX_WIDTH}, such as 32,64,128.`);
  return list;
}

/** A number of at least 0. */
function weight(text: string): number {
  const value = numeric(text);
  if (value < 0) throw new InvalidArgumentError('Expected a number of at least 0.');
  return value;
}

function rate(text: string): number {
  const value = numeric(text);
  if (value <= 0) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}

/** Adds the options of `vae`. */
export const withVaeOptions = (command: Command): Command =>
  withEngineOptions(withDestination(command, '--outdir <folder>', 'run folder (default: the next free one in runs/)'), {
    training: true,
  })
    .option(
      '--data <path>',
      'folder or zip of images; those that are not square, a power of two and alike are cropped and resized into the run’s folder, and it is said; grey ones are read as RGB',
    )
    .option(
      '--resolution <n>',
      'side in pixels to which images are cropped and resized (default: theirs; of photographs what most of them reach, at most 256)',
      count('--resolution'),
    )
    .option('--duration <n>', 'images to train on, e.g. 64Ki (default: 64Ki)', count('--duration'))
    .option(
      '--batch <n>',
      `images per step (default: ${DEFAULTS.batch})`,
      wholeNumber({ most: MAX_BATCH, why: 'an autoencoder’s activations are hundreds of times its images' }),
    )
    .option(
      '--crop <n>',
      'train on squares of so many pixels, cut out at random, which is faster; previews and PSNR are of whole images (default: whole images)',
      count('--crop'),
    )
    .option(
      '--lr <x>',
      `learning rate of Adam, decaying by the inverse square root after 1,000 steps (default: ${DEFAULTS.lr})`,
      rate,
    )
    .option(
      '--channels <list>',
      `width of each level; each further level halves the sides of the latents (default: ${DEFAULTS.channels})`,
      widths,
    )
    .option(
      '--layers <n>',
      `residual blocks of a level (default: ${DEFAULTS.layers})`,
      wholeNumber({ most: MAX_LAYERS, why: 'published autoencoders have 2' }),
    )
    .option(
      '--latent-channels <n>',
      `channels of the latents (default: ${DEFAULTS.latentChannels})`,
      wholeNumber({ most: MAX_LATENTS, why: 'published autoencoders have 4 to 32' }),
    )
    .option('--attention', 'attend in the middle, as Stable Diffusion’s does; for latents of 32×32 and less')
    .addOption(
      new Option('--loss <kind>', 'what an error of a value costs: its size, or its square (default: l2)').choices([
        'l1',
        'l2',
      ]),
    )
    .option('--detail <x>', `weight of the error of edges at three scales (default: ${DEFAULTS.detail})`, weight)
    .option(
      '--kl <x>',
      `weight of the divergence from N(0, 1) in nats for each value of an image (default: ${DEFAULTS.kl})`,
      weight,
    )
    .option(
      '--held-out <n>',
      'images that are not trained on, for previews and PSNR (default: a twentieth, at most 256)',
      natural,
    )
    .option('--seed <n>', `random seed (default: ${DEFAULTS.seed})`, natural)
    .option('--status <n>', 'images between lines of log.jsonl (default: 64 of them)', count('--status'))
    .option('--checkpoint <n>', 'images between training states (default: 8 of them)', count('--checkpoint'))
    .option('--preview <n>', 'images between previews and measurements (default: 8 of them)', count('--preview'))
    .option('--accept-warnings', 'use images that decode although the decoder warns of damage')
    .option(
      '--resume',
      'continue the run of --outdir; --duration, the intervals, --data (where the images are) and the engine may be given anew',
    )
    .option('--dry-run', 'print the configuration and end');

/** What was typed, under the names of the configuration. */
export function typedVaeOptions(command: Command): VaeOptions {
  const typed = Object.entries(command.opts()).filter(([name]) => command.getOptionValueSource(name) === 'cli');
  return Object.fromEntries(typed.map(([name, value]) => [name === 'loss' ? 'distance' : name, value]));
}

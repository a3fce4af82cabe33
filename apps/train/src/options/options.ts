import { withEngineOptions } from '@edm2/app-kit/command/engine-options';
import { withDestination } from '@edm2/command/destination';
import { UsageError } from '@edm2/command/errors';
import { wholeNumber } from '@edm2/command/whole-number';
import { CONFIG_NAMES, presets } from '@edm2/edm2-unet';
import { type Command, Option } from 'commander';
import type { CommandOptions } from './command-options.js';
import { MAX_CHANNELS } from './limits.js';
import { CHANGEABLE } from './on-resume.js';
import { boolean, oneSwitch, side, sides } from './parsers.js';
import { optionOf } from './setting.js';
import { type SettingName, settings } from './settings.js';

/** Adds the options that training always has. Names and number forms are those of NVIDIA's tools. */
export function withTrainOptions(command: Command): Command {
  withNetworkOptions(command);
  withDestination(command, '--outdir <folder>', 'run folder (default: the next free one in runs/)');
  withEngineOptions(command, {
    more: ['tune'],
    training: true,
    what: 'what computes; tune: time each on this network and take the fastest',
  });
  for (const [, { flags, help, read }] of settings()) {
    if (help === undefined) continue;
    const option = new Option(flags, help);
    command.addOption(read ? option.argParser(read) : option);
  }
  return command
    .addOption(
      new Option(
        '--posterior <how>',
        'of latents: draw each anew in every epoch, or take the means (default: sample)',
      ).choices(['sample', 'mean']),
    )
    .option('--fp16 <bool>', 'true: --precision float16; false: --precision float32', boolean)
    .option(
      '--resume',
      `continue the run of --outdir with the data and the options that it was begun with; may be given anew: ${CHANGEABLE.join(', ')}`,
    )
    .option('--dry-run', 'print the configuration and end');
}

/** What is trained, and on what. */
const withNetworkOptions = (command: Command): Command =>
  command
    .option('--preset <name>', `network and its training constants: ${Object.keys(presets).join(' | ')}`)
    .addOption(new Option('--config <letter>', 'config of the ladder').choices(CONFIG_NAMES))
    .option(
      '--switch <name=value>',
      'set one difference of the configs alone, such as attention=dot-product; may be repeated',
      oneSwitch,
    )
    .option(
      '--channels <n>',
      "channels of the network's first level; the others are multiples of them (default: the preset's)",
      wholeNumber({ most: MAX_CHANNELS, why: 'the largest published network has 512' }),
    )
    .option(
      '--attn-resolutions <list>',
      'image sides at which the network attends besides its middle, such as 16,8; none: at none (default: the preset’s, else the config’s)',
      sides,
    )
    .option(
      '--data <path>',
      'folder or archive of images, or of latents that edm2-dataset encoded, IDX files, or an .npz of images; a path may lead into an archive (images.zip/train)',
    )
    .option(
      '--resolution <side>',
      'crop and resize the images to so many pixels a side, a power of two (default: as they are; where they are not square and alike, what most of them reach, at most 64)',
      side,
    )
    .option('--cond <bool>', 'use the labels of the data', boolean);

/** What commander calls a setting, where that is not its name: `pmean`. */
const ATTRIBUTES: ReadonlyMap<string, SettingName> = new Map(
  settings().map(([name, of]) => [new Option(optionOf(of)).attributeName(), name]),
);

/** What was typed: a continuation must tell it from what is taken where nothing is said. */
export const typedOptions = (command: Command): CommandOptions => {
  const { fp16, ...typed } = Object.fromEntries(
    Object.entries(command.opts())
      .filter(([name]) => command.getOptionValueSource(name) === 'cli')
      .map(([name, value]) => [ATTRIBUTES.get(name) ?? name, value]),
  ) as CommandOptions & { readonly fp16?: boolean };
  if (fp16 === undefined) return typed;
  const precision = fp16 ? 'float16' : 'float32';
  if (typed.precision !== undefined && typed.precision !== precision)
    throw new UsageError(
      `--fp16: expected the same as --precision ${typed.precision}, got ${fp16}. Leave one of the two out.`,
    );
  return { ...typed, precision };
};

import { withEngineOptions } from '@edm2/app-kit/command/engine-options';
import { withDestination } from '@edm2/command/destination';
import { numeric } from '@edm2/command/readers';
import { presets } from '@edm2/edm2-unet';
import { type Command, Option } from 'commander';
import type { CommandOptions } from './command-options.js';
import { MAX_BATCH } from './limits.js';
import { CHANGEABLE } from './on-resume.js';
import { boolean, count, natural, noHalf, oneSwitch, sides } from './parsers.js';

/** Adds the options that training always has. Names and number forms are those of NVIDIA's tools. */
export function withTrainOptions(command: Command): Command {
  const names = Object.keys(presets).join(' | ');
  const first = command
    .addOption(new Option('--preset <name>', `network and its training constants: ${names}`))
    .addOption(new Option('--config <letter>', 'step of the ladder').choices(['A', 'B', 'C', 'D', 'E', 'F', 'G']))
    .option(
      '--switch <name=value>',
      'set one difference of the configs alone, such as attention=dot-product; may be repeated',
      oneSwitch,
    )
    .option(
      '--attn-resolutions <list>',
      'image sides at which the network attends besides its middle, such as 16,8; none: at none (default: the preset’s, else the config’s)',
      sides,
    )
    .option(
      '--data <path>',
      'folder or zip of square images, or of latents that edm2-dataset encoded, IDX files, or an .npz of images; a path may lead into an archive (images.zip/train)',
    );
  return (
    withEngineOptions(withDestination(first, '--outdir <folder>', 'run folder (default: the next free one in runs/)'), {
      more: ['tune'],
      // It lacks kernels of the gradients.
      but: ['wasm'],
      what: 'what computes; tune: time each on this network and take the fastest',
    })
      .option('--batch <n>', "images per step (default: the preset's)", count('--batch', MAX_BATCH))
      .option(
        '--batch-gpu <n>',
        'images at once; a step accumulates --batch of them (default: all)',
        count('--batch-gpu', MAX_BATCH),
      )
      .option(
        '--duration <n>',
        "images to train on, in whole batches, e.g. 96Ki, 2048Mi (default: the preset's)",
        count('--duration'),
      )
      .option('--status <n>', 'images between status lines (default: 64 of them)', count('--status'))
      .option('--snapshot <n>', 'images between network snapshots (default: 16 of them)', count('--snapshot'))
      .option('--checkpoint <n>', 'images between training states (default: 8 of them)', count('--checkpoint'))
      .option('--preview <n>', 'images between preview grids; 0: none (default: 6 of them)', count('--preview'))
      .option('--seed <n>', 'random seed', natural, 0)
      .option('--lr <x>', 'reference learning rate', numeric)
      .option('--decay <n>', 'batches after which the learning rate decays; 0: never', numeric)
      .option('--dropout <p>', 'dropout probability', numeric)
      .option('--beta2 <x>', "Adam's second decay", numeric)
      .option('--loss-scale <x>', 'factor of the loss that gradients are taken of', numeric)
      .option('--uncertainty <bool>', 'the loss learns its uncertainty (from config B on), or is EDM’s', boolean)
      .option('--pmean <x>', 'mean of ln σ', numeric)
      .option('--pstd <x>', 'standard deviation of ln σ', numeric)
      .option(
        '--ema-half-life <n>',
        'images of the half-life of a traditional average besides; 0: none (default: config A’s)',
        count('--ema-half-life'),
      )
      .option('--ema-rampup <x>', 'its longest half-life as a share of the images seen, such as 0.05; 0: any', numeric)
      .option('--cond <bool>', 'use the labels of the data', boolean)
      .option('--accept-warnings', 'take images that decode although the decoder warns of damage')
      .addOption(
        new Option(
          '--posterior <how>',
          'of latents: draw each anew in every epoch, or take the means (default: sample)',
        ).choices(['sample', 'mean']),
      )
      .option(
        '--vae <folder>',
        'diffusers folder of the autoencoder that decodes previews of latents (default: the one that the data names, here or beside it)',
      )
      // Scripts for NVIDIA's tool say so; true is refused by name.
      .addOption(new Option('--fp16 <bool>').argParser(noHalf).hideHelp())
      .option('--magnitudes', 'record magnitudes of activations and weights at status ticks, in magnitudes.jsonl')
      .option('--updates', 'and how far a step moves each weight, relative to its size')
      .option(
        '--resume',
        `continue the run of --outdir with the data and the options that it was begun with; may be given anew: ${CHANGEABLE.join(', ')}`,
      )
      .option('--dry-run', 'print the configuration and end')
  );
}

/** What was typed: a continuation must tell it from what is taken where nothing is said. */
export const typedOptions = (command: Command): CommandOptions =>
  Object.fromEntries(
    Object.entries(command.opts()).filter(([name]) => command.getOptionValueSource(name) === 'cli'),
  ) as CommandOptions;

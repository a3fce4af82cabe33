import { withDestination } from '@edm2/app-kit/command/destination';
import { withEngineOptions } from '@edm2/app-kit/command/engine-options';
import { presets, type Switches } from '@edm2/edm2-unet';
import { type Command, Option } from 'commander';
import { boolean, count, numeric, oneSwitch, sides, whole } from './parsers.js';

/** What the command line said; undefined where it said nothing. */
export interface CommandOptions {
  readonly preset?: string;
  readonly config?: 'A' | 'B' | 'C' | 'D' | 'E' | 'F' | 'G';
  readonly data?: string;
  readonly outdir?: string;
  readonly engine: string;
  readonly threads?: number;
  readonly batch?: number;
  readonly batchGpu?: number;
  readonly duration?: number;
  readonly status?: number;
  readonly snapshot?: number;
  readonly checkpoint?: number;
  readonly preview?: number;
  readonly seed: number;
  readonly lr?: number;
  readonly decay?: number;
  readonly dropout?: number;
  readonly beta2?: number;
  readonly lossScale?: number;
  readonly uncertainty?: boolean;
  readonly pmean?: number;
  readonly pstd?: number;
  readonly emaHalfLife?: number;
  readonly emaRampup?: number;
  readonly cond?: boolean;
  readonly posterior?: 'sample' | 'mean';
  readonly vae?: string;
  readonly fp16: boolean;
  readonly resume: boolean;
  readonly dryRun: boolean;
  readonly switch?: Switches;
  readonly attnResolutions?: readonly number[];
  readonly magnitudes?: boolean;
  readonly updates?: boolean;
  readonly smoke?: boolean;
}

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
      'folder or zip of square images, or of latents that edm2-dataset encoded, or a folder of IDX files',
    );
  return (
    withEngineOptions(withDestination(first, '--outdir <folder>', 'run folder (default: the next free one in runs/)'), {
      more: ['tune'],
      what: 'what computes; tune: time each on this network and take the fastest',
    })
      .option('--batch <n>', 'images per step', count('--batch'))
      .option('--batch-gpu <n>', 'images at once; a step accumulates --batch of them', count('--batch-gpu'))
      .option('--duration <n>', 'images to train on, e.g. 96Ki, 2048Mi', count('--duration'))
      .option('--status <n>', 'images between status lines', count('--status'))
      .option('--snapshot <n>', 'images between network snapshots', count('--snapshot'))
      .option('--checkpoint <n>', 'images between training states', count('--checkpoint'))
      .option('--preview <n>', 'images between preview grids', count('--preview'))
      .option('--seed <n>', 'random seed', whole, 0)
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
      .addOption(new Option('--fp16 <bool>').argParser(boolean).default(false).hideHelp())
      .option(
        '--magnitudes',
        'record magnitudes of activations and weights at status ticks, in magnitudes.jsonl',
        false,
      )
      .option('--updates', 'and how far a step moves each weight, relative to its size', false)
      .option('--resume', 'continue the run of --outdir', false)
      .option('--dry-run', 'print the configuration and end', false)
  );
}

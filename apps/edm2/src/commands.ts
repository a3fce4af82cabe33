import type { ExitCode } from '@edm2/command/errors';

/** A command of `edm2`. */
export interface FrontCommand {
  /** What it does, in one line of the list. */
  readonly line: string;
  /** Runs it. @param args - what follows its name. */
  run(args: readonly string[]): Promise<ExitCode>;
}

/** A command of edm2-evaluate, by its name there. */
const evaluate = (line: string, name: string): FrontCommand => ({
  line,
  run: async (args) => (await import('./runners/evaluate.js')).runEvaluate([name, ...args]),
});

/** All of them, in the order in which a project needs them. Each loads what it needs, and nothing else. */
export const COMMANDS: Readonly<Record<string, FrontCommand>> = {
  train: {
    line: 'train a network on a folder or zip of images; train demo is the main job, on MNIST',
    run: async (args) => (await import('./runners/train.js')).runTrain(args),
  },
  generate: evaluate('draw images of a network: files, a grid, or both', 'generate'),
  reconstruct: evaluate('make averages of any EMA length from the snapshots of a run', 'reconstruct'),
  score: evaluate(
    'figures of images or of a network: FID, KID, precision and recall (score calc | gen | ref)',
    'metrics',
  ),
  sweep: evaluate('figures over EMA length, guidance and its interval, as tables and pictures', 'sweep'),
  magnitudes: evaluate('draw the magnitudes that a run has recorded', 'magnitudes'),
  neighbours: evaluate('show generated images beside the training images that are nearest to them', 'neighbours'),
  ladder: {
    line: "climb the paper's ladder: train and score configs A to G",
    run: async (args) => (await import('./runners/train.js')).runLadder(args),
  },
  dataset: {
    line: 'datasets: convert any images, encode and decode latents, stats, verify, split, info',
    run: async (args) => (await import('./runners/dataset.js')).runDataset(args),
  },
  'demo-latent': {
    line: 'emoji to an autoencoder, a latent EDM2 and a scored grid, step by step',
    run: async (args) => (await import('./demo-latent/command.js')).runDemoLatent(args),
  },
  convert: evaluate("make a snapshot of ours of one of NVIDIA's", 'convert'),
  presets: evaluate('list the published networks and settings', 'presets'),
  phema: {
    line: 'post-hoc EMA of any safetensors: info, plan, reconstruct, error',
    run: async (args) => (await import('./runners/parts.js')).runPart('phema', args),
  },
  fid: {
    line: 'compare folders of images with published feature networks',
    run: async (args) => (await import('./runners/parts.js')).runPart('fid', args),
  },
  engines: {
    line: "what computes here; TensorFlow's C library and XLA's plugins: install, info, remove",
    run: async (args) => (await import('./runners/engines.js')).runEngines(args),
  },
};

/** Names that other tools have for the same. */
export const ALIASES: Readonly<Record<string, string>> = { metrics: 'score' };

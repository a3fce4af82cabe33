import { basename, join, relative } from 'node:path';
import { InterruptedError, UsageError } from '@edm2/app-kit/command/errors';
import { listenForInterrupt } from '@edm2/app-kit/command/interrupt';
import { startProgress } from '@edm2/app-kit/command/progress';
import { afterSubcommand, shellLine, shellWord } from '@edm2/app-kit/command/shell';
import { describeLatents, holdsLatents } from '@edm2/app-kit/latents/describe-latents';
import { findAutoencoder } from '@edm2/app-kit/latents/find-autoencoder';
import { openDataset, verifyDataset } from '@edm2/dataset';
import { countParameters } from '@edm2/edm2-unet';
import type { LatentDescription } from '@edm2/latent-vae';
import { mainJob } from './demo/main-job.js';
import { mnistFolder } from './demo/mnist.js';
import type { CommandOptions } from './options/options.js';
import { presetOf, resolveRunConfig } from './options/resolve.js';
import type { RunConfig } from './options/run-config.js';
import { chooseEngine } from './run/choose-engine.js';
import { buildNetwork } from './run/network.js';
import { defaultOutdir } from './run/outdir.js';
import { prepareRunFolder } from './run/run-folder.js';
import { trainRun } from './run/train-run.js';

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** The images of a smoke run: enough steps for two snapshots. */
const SMOKE_IMAGES = 2048;

/** `edm2-train --data …`: a run on one's own images. */
export async function trainCommand(options: CommandOptions): Promise<void> {
  if (!options.data)
    throw new UsageError(
      '--data: expected a folder or zip of images, got nothing. Name one, or run npm start for the MNIST example.',
    );
  if (options.preset) presetOf(options.preset);
  const dataset = await openDataset(options.data, options.cond === false ? { labels: false } : {});
  try {
    const latents = holdsLatents(dataset)
      ? await describeLatents(dataset, { meanOnly: options.posterior === 'mean' })
      : undefined;
    const config = resolveRunConfig(options, dataset, latents);
    await checkVae(options, latents);
    if (options.dryRun) return printConfig(config);
    await verify(dataset);
    const name = basename(options.data).replace(/\W+/g, '-').toLowerCase() || 'run';
    await withRun(options, config, name, async (run) => {
      await trainRun({ ...run, dataset, vae: options.vae });
      say(`\ndone: ${relative('.', run.outdir)}/ holds the snapshots, previews/ the grids, log.jsonl the losses`);
      const folder = shellWord(relative('.', run.outdir) || '.');
      say(`what they can be averaged to: npm run phema -- info ${folder}`);
      say(
        `averages of any EMA length: npm run phema -- reconstruct ${folder} --sigma-rel 0.05,0.10,...,0.25 --output averages`,
      );
    });
  } finally {
    await dataset.close();
  }
}

/** `edm2-train demo`: the main job. */
export async function demoCommand(options: CommandOptions): Promise<void> {
  const smoke = options.smoke === true;
  const preset = presetOf(options.preset ?? 'mnist');
  const dataPath = options.data ?? mnistFolder();
  const dataset = await openDataset(dataPath, { split: 'train', resolution: preset.unet.imgResolution });
  const given = {
    ...options,
    preset: options.preset ?? 'mnist',
    ...(smoke && !options.duration ? { duration: SMOKE_IMAGES } : {}),
  };
  const config: RunConfig = { ...resolveRunConfig(given, dataset), data: 'mnist' };
  await dataset.close();
  if (options.dryRun) return printConfig(config);
  await withRun(options, config, smoke ? 'mnist-smoke' : 'mnist', (run) => mainJob({ ...run, dataPath, smoke }));
}

const printConfig = (config: RunConfig): void => void process.stdout.write(`${JSON.stringify(config, null, 2)}\n`);

/** What `--vae` names must decode the data's latents: said before anything is written. */
async function checkVae({ vae, data = '' }: CommandOptions, latents: LatentDescription | undefined): Promise<void> {
  if (vae === undefined) return;
  if (!latents)
    throw new UsageError('--vae: expected data of latents, got images. Leave it out, or encode the images.');
  await findAutoencoder({ option: vae, description: latents, of: data });
}

async function verify(dataset: Parameters<typeof verifyDataset>[0]): Promise<void> {
  const progress = startProgress('checking the images', dataset.sourceLength, 'images');
  try {
    await verifyDataset(dataset, { onProgress: ({ done }) => progress.update(done) });
  } finally {
    progress.stop();
  }
}

/** What every run gets: its folder, an engine, and an ear for Ctrl-C. */
async function withRun(
  options: CommandOptions,
  config: RunConfig,
  name: string,
  work: (run: Omit<Parameters<typeof trainRun>[0], 'dataset'> & { command: string }) => Promise<void>,
): Promise<void> {
  const outdir = options.outdir ?? (await defaultOutdir(name, options.resume));
  // Before anything is written: what cannot be built is not begun.
  const { unet } = buildNetwork(config);
  await prepareRunFolder(outdir, config, options.resume);
  const engine = await chooseEngine(options.engine, config, {
    ...(options.threads ? { threads: options.threads } : {}),
    parameters: countParameters(unet),
  });
  say(`engine: ${engine.why}`);
  say(
    `config ${config.config}, ${(countParameters(unet) / 1e6).toFixed(2)} M parameters, ${config.network.imgResolution}×${config.network.imgResolution}, batch ${config.batch}, ${config.duration} images → ${relative('.', outdir) || '.'}/`,
  );
  const args = afterSubcommand(process.argv.slice(2), 'demo').filter((arg) => arg !== '--resume');
  const withOutdir = options.outdir ? args : [...args, '--outdir', outdir];
  const command = args.length > 0 ? `npm start -- ${shellLine(args)}` : 'npm start';
  const resumeCommand = `npm start -- ${shellLine([...withOutdir, '--resume'])}`;
  const interrupt = listenForInterrupt(say, 'stopping after this step and writing a checkpoint');
  try {
    await work({
      config,
      outdir,
      engine,
      resume: options.resume,
      signal: interrupt.signal,
      say,
      command,
      resumeCommand,
      magnitudes: options.magnitudes || options.updates ? { updates: options.updates === true } : undefined,
    });
  } catch (error) {
    if (interrupt.signal.aborted && !(error instanceof InterruptedError))
      throw new InterruptedError(
        `interrupted; everything trained so far is in ${join(outdir)}. Continue with: ${resumeCommand}`,
        { cause: error },
      );
    throw error;
  } finally {
    interrupt.release();
  }
}

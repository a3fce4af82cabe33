import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '@edm2/command/errors';
import { ownCommand, siblingCommand } from '@edm2/command/typed';
import type { OpenedDataset } from '@edm2/dataset';
import { describeLatents, holdsLatents } from 'edm2/parts';
import { mnistFolder } from './demo/mnist.js';
import { checkVae, printConfig, runMainJob, trainOn } from './jobs.js';
import type { CommandOptions } from './options/command-options.js';
import { continuedConfig } from './options/on-resume.js';
import { checkFits, writable } from './options/resolve.js';
import { checkRunConfig, type RunConfig } from './options/run-config.js';
import { describeDataChange } from './run/data-record.js';
import { exists, noRun, readRunConfig } from './run/run-folder.js';
import { storedPosition } from './run/stored-run.js';
import { imagesOf } from './run/train-run.js';
import { checkTrainingData, openTrainingData, sayData } from './run/training-data.js';
import { shown } from './run/with-run.js';
import { say } from './say.js';

/** What a run's folder says that it belongs to. Folders from before this was stored say it by their data and preset. */
const jobOf = ({ job, data, preset }: RunConfig): 'ladder' | 'main' | 'own' => {
  if (preset === 'ladder') return 'ladder';
  return job !== undefined || data === 'mnist' ? 'main' : 'own';
};

/**
 * `--resume --outdir <folder>`: goes on with a run. Data, options and intervals are those that it was begun with.
 *
 * @throws {UsageError} (rejects) when there is no run, when an option asks for another one, or when the data have changed.
 */
export async function resumeCommand(options: CommandOptions & { readonly outdir: string }): Promise<void> {
  const { outdir } = options;
  const stored = await readRunConfig(outdir);
  if (!stored) throw noRun(outdir);
  const job = jobOf(stored);
  if (job === 'ladder')
    throw new UsageError(
      `--resume: expected a run of its own, got ${outdir}, which is part of a ladder. The ladder goes on with its own command: ${siblingCommand('ladder', ['--outdir', shown(join(outdir, '..'))])}`,
    );
  const continued = continuedConfig(stored, options, outdir);
  const dataset = await openSameData(stored, options, outdir);
  try {
    const latents = holdsLatents(dataset)
      ? await describeLatents(dataset, { meanOnly: stored.latents?.posterior === 'mean' })
      : undefined;
    const posterior = stored.latents?.posterior ?? 'sample';
    const config: RunConfig = {
      ...continued,
      data: options.data === undefined ? stored.data : dataset.path,
      ...(latents ? { latents: { ...writable(latents), posterior } } : {}),
    };
    checkFits(config, dataset, options);
    checkRunConfig(config);
    await checkVae({ ...options, data: dataset.path }, latents);
    if (options.dryRun) return printConfig(config);
    if (await isDone(config, options, job)) return;
    if (job === 'own') await checkTrainingData(dataset, say);
    else sayData(dataset, say);
    await (job === 'own' ? trainOn : runMainJob)(dataset, config, outdir, true);
  } finally {
    await dataset.close();
  }
}

/** Says so when there is nothing to do: the run has seen all images that are asked for, and of the main job the report is there. */
async function isDone(
  config: RunConfig,
  { outdir, duration }: CommandOptions & { readonly outdir: string },
  job: 'main' | 'own',
): Promise<boolean> {
  const seen = (await storedPosition(outdir))?.nimg ?? 0;
  if (seen < config.duration) return false;
  const fewer = duration !== undefined && seen > imagesOf(config);
  if (job === 'main' && !fewer && !(await exists(join(outdir, 'report.html')))) return false;
  const more = ownCommand(['--resume', '--outdir', shown(outdir), '--duration', String(2 * seen)]);
  say(
    `${shown(outdir)} has seen ${seen.toLocaleString('en')} images, and --duration ${config.duration} asks for no more: nothing was done, nothing is changed. To train on: ${more}`,
  );
  return true;
}

/** Opens the images that the run was begun with, wherever they are now. */
async function openSameData(
  stored: RunConfig,
  { data, acceptWarnings = stored.acceptWarnings }: CommandOptions,
  outdir: string,
): Promise<OpenedDataset> {
  const path = data ?? (stored.data === 'mnist' ? mnistFolder() : stored.data);
  if (data === undefined && !(await stat(path).catch(() => undefined)))
    throw new UsageError(
      `--resume: expected the images of ${outdir} at ${path}, where they were when it was begun, got nothing there. Name their place with --data.`,
    );
  const main = jobOf(stored) === 'main';
  const dataset = await openTrainingData(path, {
    ...(main ? { split: 'train', resolution: stored.network.imgResolution } : {}),
    cond: stored.network.labelDim > 0,
    acceptWarnings,
    xflip: stored.xflip,
  });
  if (dataset.fingerprint === stored.dataFingerprint) return dataset;
  const change = await describeDataChange(outdir, dataset).finally(() => dataset.close());
  throw new UsageError(
    `--resume: expected the images that ${outdir} was begun with, got others at ${path} (${change}). Bring the old ones back, or train anew in another --outdir.`,
  );
}

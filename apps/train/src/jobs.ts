import { join } from 'node:path';
import { siblingCommand } from '@edm2/command/typed';
import type { Dataset } from '@edm2/dataset';
import type { LatentDescription } from '@edm2/latent-vae';
import { commandWords, findAutoencoder, openPreviewDecoder } from 'edm2/parts';
import { mainJob } from './demo/main-job.js';
import type { CommandOptions } from './options/command-options.js';
import type { RunConfig } from './options/run-config.js';
import { trainingReport } from './report/training-report.js';
import { writeReport } from './report/write-report.js';
import { trainRun } from './run/train-run.js';
import { shown, withRun } from './run/with-run.js';
import { say } from './say.js';

/** Trains and says what can be done with what came out. */
export async function trainOn(dataset: Dataset, config: RunConfig, outdir: string, resume: boolean): Promise<void> {
  await withRun({ config, dataset, outdir, resume }, async (run) => {
    const trained = await trainRun({ ...run, dataset });
    const report = await trainingReport({ config, outdir, engine: run.engine.why }, trained);
    await writeReport(join(outdir, 'report.html'), report);
    say(
      `\ndone: ${shown(outdir)}/ holds the snapshots, previews/ the grids, log.jsonl the losses, report.html all on one page`,
    );
    say(`what they can be averaged to: ${siblingCommand('phema', ['info', shown(outdir)])}`);
    const args = ['reconstruct', shown(outdir), '--sigma-rel', '0.05,0.10,...,0.25', '--output', 'averages'];
    say(`averages of any EMA length: ${siblingCommand('phema', args)}`);
  });
}

/** Trains on MNIST, then averages, samples, scores and reports. */
export const runMainJob = (train: Dataset, config: RunConfig, outdir: string, resume: boolean): Promise<void> =>
  withRun({ config, dataset: train, outdir, resume }, (run) =>
    mainJob({ ...run, train, smoke: config.job === 'main-smoke' }),
  );

export const printConfig = (config: RunConfig): void =>
  void process.stdout.write(`${JSON.stringify(config, null, 2)}\n`);

/** What `--vae` and `--preview-vae` name must decode the data's latents: said before anything is written. */
export async function checkVae(
  { vae, previewVae, data = '' }: Pick<CommandOptions, 'vae' | 'previewVae' | 'data'>,
  latents: LatentDescription | undefined,
): Promise<void> {
  if (!latents) return;
  if (vae !== undefined) await findAutoencoder({ option: vae, description: latents, of: data, words: commandWords });
  if (previewVae === undefined) return;
  const channels = latents.normalizer.rawMean.length;
  const of = { path: data, channels, description: latents, vae, tiny: previewVae, words: commandWords };
  (await openPreviewDecoder({ ...of, engine: {} })).dispose();
}

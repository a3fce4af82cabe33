import type { RunConfig } from '../options/run-config.js';
import { readLog } from '../run/log.js';
import { listPreviews } from '../run/run-folder.js';
import { imagesOf, type TrainedRun } from '../run/train-run.js';
import { curvesOf } from './curves-of.js';
import type { RunReport } from './types.js';

/** What the page of a training on one's own images shows. */
export async function trainingReport(
  { config, outdir, engine }: { config: RunConfig; outdir: string; engine: string },
  trained: TrainedRun,
): Promise<RunReport> {
  const { network } = config;
  return {
    title: 'EDM2',
    headline: `Config ${config.config}, trained on ${imagesOf(config).toLocaleString('en')} images of ${config.data}.`,
    previews: await listPreviews(outdir),
    ...curvesOf(await readLog(outdir), trained),
    settings: [
      ['preset', config.preset],
      ['resolution', `${network.imgResolution}×${network.imgResolution}×${network.imgChannels}`],
      ['channels', `${network.modelChannels} × [${network.channelMult}]`],
      ['batch', config.batch],
      ['learning rate', `${config.lr}, decay after ${config.decay} batches`],
      ['ln σ', `N(${config.pMean}, ${config.pStd}²)`],
      ['dropout', config.dropout],
      ['augmentation', config.augment],
      ['held out', config.validation ?? 'nothing'],
      ['seed', config.seed],
    ],
    engine,
    finished: new Date(),
  };
}

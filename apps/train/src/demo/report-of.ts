import { cpus, totalmem } from 'node:os';
import { relative } from 'node:path';
import { prose } from '@edm2/app-kit/files/prose';
import { CLASSIFIER_FEATURES as FEATURES } from 'edm2/parts';
import type { RunConfig } from '../options/run-config.js';
import { curvesOf } from '../report/curves-of.js';
import type { RunReport } from '../report/types.js';
import { readLog } from '../run/log.js';
import { listPreviews } from '../run/run-folder.js';
import { imagesOf, type TrainedRun } from '../run/train-run.js';
import type { RunContext } from '../run/with-run.js';
import type { Evaluation } from './evaluate.js';
import { percent, scoredImages } from './figures.js';
import { nextSteps } from './next-steps.js';

/** What the page of a finished main job shows. */
export async function reportOf(
  { config, outdir, engine, command, resumeCommand }: RunContext,
  evaluation: Evaluation,
  trained: TrainedRun,
): Promise<RunReport> {
  const { generated, guidance, best, sweep } = evaluation;
  const log = await readLog(outdir);
  return {
    title: 'EDM2 on MNIST',
    headline: prose`
      A class-conditional EDM2 (config ${config.config}) trained on ${imagesOf(config).toLocaleString('en')} images of
      handwritten digits, averaged after training and sampled with Heun's method, guided by what it was itself earlier in
      training (autoguidance). Each row of the grid was asked for one digit.`,
    figures: figures(config, evaluation, trained),
    grid: {
      path: evaluation.grid,
      caption: `Generated digits, EMA length ${best}, ${generated.n} seeds scored, the first 100 shown`,
    },
    realGrid: { path: evaluation.realGrid, caption: 'Real digits in the same layout' },
    previews: await listPreviews(outdir),
    ...curvesOf(log, trained),
    emaCurve: sweep.map(({ sigmaRel, labelAgreement, frechet, tracked }) => ({
      sigmaRel,
      labelAgreement,
      frechet,
      tracked,
    })),
    scores: scoreTable(evaluation),
    settings: settingsOf(config, guidance),
    timings: timings(evaluation, trained),
    command,
    machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} threads, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.versions.node}`,
    engine: engine.why,
    files: FILES,
    next: nextSteps({
      folder: relative('.', outdir) || '.',
      resumeCommand,
      duration: config.duration,
      guideTime: guidance.nimg,
    }),
    finished: new Date(),
  };
}

const FILES: NonNullable<RunReport['files']> = [
  { path: 'grid.png', note: 'the grid' },
  { path: 'scores.json', note: 'every figure of this page' },
  { path: 'ema/', note: 'averages reconstructed after training' },
  { path: 'classifier.safetensors, reference.safetensors', note: 'what scored: edm2-evaluate takes them' },
  { path: 'log.jsonl', note: 'one line per status tick' },
  { path: 'config.json', note: 'everything the run was given' },
];

/** The few figures to read first. */
function figures(
  { emaSigmaRels }: RunConfig,
  { generated, unguided, heldOut, best }: Evaluation,
  { seconds }: TrainedRun,
): NonNullable<RunReport['figures']> {
  const beside = (show: (of: Evaluation['generated']) => string): string =>
    `not guided: ${show(unguided)}; real digits held out: ${show(heldOut)}`;
  const agreement = ({ labelAgreement }: Evaluation['generated']): string => percent(labelAgreement);
  const distance = ({ frechet }: Evaluation['generated']): string => frechet.toFixed(2);
  return [
    { label: 'label agreement', value: agreement(generated), note: beside(agreement) },
    {
      label: 'Fréchet distance',
      value: distance(generated),
      note: `on classifier features, n = ${generated.n}; ${beside(distance)}`,
    },
    {
      label: 'best EMA length',
      value: best.toFixed(3),
      note: emaSigmaRels.includes(best) ? 'tracked in training' : 'never tracked: reconstructed afterwards',
    },
    { label: 'training', value: `${(seconds / 60).toFixed(1)} min`, note: 'in this process' },
  ];
}

/** Every set of images that was scored, the lengths that were tried too. */
function scoreTable(evaluation: Evaluation): NonNullable<RunReport['scores']> {
  const tried = evaluation.sweep.map((point) => ({
    name: `sweep, σ_rel ${point.sigmaRel}${point.tracked ? ' (tracked)' : ''}`,
    score: point,
  }));
  return {
    columns: ['images', 'label agreement', 'Fréchet distance', 'n'],
    rows: [...scoredImages(evaluation), ...tried].map(({ name, score }, i) => ({
      name,
      values: [percent(score.labelAgreement), score.frechet.toFixed(3), score.n],
      highlight: i === 0,
    })),
    note: prose`
      Judged by a small classifier trained in this run (right on ${percent(evaluation.testAgreement)} of the real test
      set). The distance is taken on its ${FEATURES} features against the real test set; it is not FID, and it falls with
      n: compare rows of equal n only. Guidance trades variety for legibility: the distance shows its price. The sweep is
      not guided, and uses other seeds than the final images.`,
  };
}

const settingsOf = (config: RunConfig, guidance: Evaluation['guidance']): NonNullable<RunReport['settings']> => {
  const { network } = config;
  return [
    ['preset', config.preset],
    ['config', config.config],
    ['resolution', `${network.imgResolution}×${network.imgResolution}×${network.imgChannels}`],
    ['channels', `${network.modelChannels} × [${network.channelMult}]`],
    ['batch', config.batch],
    ['images', imagesOf(config)],
    ['learning rate', `${config.lr}, decay after ${config.decay} batches`],
    ['ln σ', `N(${config.pMean}, ${config.pStd}²)`],
    [
      'autoguidance',
      `weight ${guidance.weight}, by σ_rel ${guidance.sigmaRel} at ${guidance.nimg.toLocaleString('en')} images`,
    ],
    ['tracked EMA lengths', config.emaSigmaRels.join(', ')],
    ['seed', config.seed],
  ];
};

const timings = ({ seconds }: Evaluation, trained: TrainedRun): NonNullable<RunReport['timings']> => [
  { name: 'training', seconds: trained.seconds },
  { name: 'of that, until the first step was done', seconds: trained.firstStepSeconds ?? 0 },
  { name: 'classifier', seconds: seconds.classifier },
  { name: 'EMA reconstruction', seconds: seconds.reconstruct },
  { name: 'sweep over EMA lengths', seconds: seconds.sweep },
  { name: 'final images', seconds: seconds.final },
];

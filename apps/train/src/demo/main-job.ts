import { cpus, totalmem } from 'node:os';
import { join, relative } from 'node:path';
import { siblingCommand } from '@edm2/command/typed';
import type { Dataset } from '@edm2/dataset';
import type { EngineReport } from '@edm2/engine';
import type { RunConfig } from '../options/run-config.js';
import type { RunReport } from '../report/types.js';
import { writeReport } from '../report/write-report.js';
import { readLog } from '../run/log.js';
import { listPreviews } from '../run/run-folder.js';
import { imagesOf, trainRun } from '../run/train-run.js';
import { type Evaluation, type EvaluationSize, evaluate } from './evaluate.js';

const SIZES: Readonly<Record<'full' | 'smoke', EvaluationSize>> = {
  full: {
    classifierSteps: 900,
    sigmaRels: [0.03, 0.05, 0.075, 0.1, 0.14, 0.2],
    sweepImages: 200,
    sweepSteps: 16,
    finalImages: 500,
    finalSteps: 24,
  },
  smoke: {
    classifierSteps: 40,
    sigmaRels: [0.05, 0.07, 0.1],
    sweepImages: 100,
    sweepSteps: 4,
    finalImages: 100,
    finalSteps: 6,
  },
};

/** What {@link mainJob} needs beside the run itself. */
export interface MainJobOptions {
  readonly config: RunConfig;
  /** The images that are trained on. */
  readonly train: Dataset;
  readonly outdir: string;
  readonly engine: EngineReport;
  readonly resume: boolean;
  readonly smoke: boolean;
  readonly command: string;
  readonly resumeCommand: string;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** Trains, reconstructs, samples, scores and reports. */
export async function mainJob(options: MainJobOptions): Promise<void> {
  const { config, outdir, engine, signal, say, train } = options;
  const trained = await trainRun({ ...options, dataset: train });
  const evaluation = await evaluate({
    outdir,
    train,
    dataPath: train.path,
    tracked: config.emaSigmaRels,
    images: imagesOf(config),
    seed: config.seed,
    engine,
    size: SIZES[options.smoke ? 'smoke' : 'full'],
    signal,
    say,
  });
  const path = join(outdir, 'report.html');
  await writeReport(path, await reportOf(options, evaluation, trained));
  for (const line of summary(evaluation)) say(line);
  say(`\nopen ${relative('.', path)}: everything on one page`);
  say(`grid ${relative('.', evaluation.grid)} · previews, snapshots and EMA lengths in ${relative('.', outdir)}/`);
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The score table in words. */
function summary({ generated, unguided, heldOut, guidance, testAgreement, best, sweep }: Evaluation): string[] {
  const worst = Math.max(...sweep.map(({ frechet }) => frechet));
  return [
    '',
    `                              label agreement   Fréchet distance (classifier features, n = ${generated.n})`,
    ...[
      [`generated, autoguidance ${guidance.weight}`, generated] as const,
      ['generated, not guided', unguided] as const,
      ['real images held out', heldOut] as const,
    ].map(
      ([name, { labelAgreement, frechet }]) =>
        `${name.padEnd(28)}  ${percent(labelAgreement).padStart(15)}   ${frechet.toFixed(2).padStart(16)}`,
    ),
    `EMA length ${best} · guided by the same network after ${guidance.nimg.toLocaleString('en')} images`,
    `the classifier reads ${percent(testAgreement)} of the real test set right; over EMA lengths the distance goes from ${Math.min(...sweep.map(({ frechet }) => frechet)).toFixed(2)} to ${worst.toFixed(2)}`,
  ];
}

async function reportOf(
  { config, outdir, engine, command, resumeCommand }: MainJobOptions,
  evaluation: Evaluation,
  trained: Awaited<ReturnType<typeof trainRun>>,
): Promise<RunReport> {
  const { generated, unguided, heldOut, guidance, sweep, best, testAgreement, seconds } = evaluation;
  const log = await readLog(outdir);
  const { edges, mean } = trained.byNoiseLevel.result();
  const { network } = config;
  const folder = relative('.', outdir) || '.';
  return {
    title: 'EDM2 on MNIST',
    headline: `A class-conditional EDM2 (config ${config.config}) trained on ${imagesOf(config).toLocaleString('en')} images of handwritten digits, averaged after training and sampled with Heun's method, guided by what it was itself earlier in training (autoguidance). Each row of the grid was asked for one digit.`,
    figures: [
      {
        label: 'label agreement',
        value: percent(generated.labelAgreement),
        note: `not guided: ${percent(unguided.labelAgreement)}; real digits held out: ${percent(heldOut.labelAgreement)}`,
      },
      {
        label: 'Fréchet distance',
        value: generated.frechet.toFixed(2),
        note: `on classifier features, n = ${generated.n}; not guided: ${unguided.frechet.toFixed(2)}; real digits held out: ${heldOut.frechet.toFixed(2)}`,
      },
      {
        label: 'best EMA length',
        value: best.toFixed(3),
        note: config.emaSigmaRels.includes(best) ? 'tracked in training' : 'never tracked: reconstructed afterwards',
      },
      { label: 'training', value: `${(trained.seconds / 60).toFixed(1)} min`, note: 'in this process' },
    ],
    grid: {
      path: evaluation.grid,
      caption: `Generated digits, EMA length ${best}, ${generated.n} seeds scored, the first 100 shown`,
    },
    realGrid: { path: evaluation.realGrid, caption: 'Real digits in the same layout' },
    previews: await listPreviews(outdir),
    lossCurve: log.map(({ nimg, loss }) => ({ nimg, loss })),
    lossBySigma: Array.from(mean).flatMap((loss, i) =>
      Number.isFinite(loss) ? [{ sigma: Math.sqrt((edges[i] ?? 1) * (edges[i + 1] ?? 1)), loss }] : [],
    ),
    emaCurve: sweep.map(({ sigmaRel, labelAgreement, frechet, tracked }) => ({
      sigmaRel,
      labelAgreement,
      frechet,
      tracked,
    })),
    scores: {
      columns: ['images', 'label agreement', 'Fréchet distance', 'n'],
      rows: [
        {
          name: `generated, σ_rel ${best}, autoguidance ${guidance.weight}`,
          values: [percent(generated.labelAgreement), generated.frechet.toFixed(3), generated.n],
          highlight: true,
        },
        {
          name: 'the same seeds, not guided',
          values: [percent(unguided.labelAgreement), unguided.frechet.toFixed(3), unguided.n],
        },
        { name: 'real, held out', values: [percent(heldOut.labelAgreement), heldOut.frechet.toFixed(3), heldOut.n] },
        ...sweep.map((point) => ({
          name: `sweep, σ_rel ${point.sigmaRel}${point.tracked ? ' (tracked)' : ''}`,
          values: [percent(point.labelAgreement), point.frechet.toFixed(3), point.n],
        })),
      ],
      note: `Judged by a small classifier trained in this run (right on ${percent(testAgreement)} of the real test set). The distance is taken on its ${64} features against the real test set; it is not FID, and it falls with n: compare rows of equal n only. Guidance trades variety for legibility: the distance shows its price. The sweep is not guided, and uses other seeds than the final images.`,
    },
    settings: [
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
    ],
    timings: [
      { name: 'training', seconds: trained.seconds },
      { name: 'of that, until the first step was done', seconds: trained.firstStepSeconds ?? 0 },
      { name: 'classifier', seconds: seconds.classifier },
      { name: 'EMA reconstruction', seconds: seconds.reconstruct },
      { name: 'sweep over EMA lengths', seconds: seconds.sweep },
      { name: 'final images', seconds: seconds.final },
    ],
    command,
    machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} threads, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.versions.node}`,
    engine: engine.why,
    files: [
      { path: 'grid.png', note: 'the grid' },
      { path: 'scores.json', note: 'every figure of this page' },
      { path: 'ema/', note: 'averages reconstructed after training' },
      { path: 'classifier.safetensors, reference.safetensors', note: 'what scored: edm2-evaluate takes them' },
      { path: 'log.jsonl', note: 'one line per status tick' },
      { path: 'config.json', note: 'everything the run was given' },
    ],
    next: [
      {
        note: 'train longer, from where this run stopped',
        command: `${resumeCommand} --duration ${2 * config.duration}`,
      },
      {
        note: 'another EMA length from the same snapshots',
        command: siblingCommand('phema', ['reconstruct', folder, '--sigma-rel', '0.12', '--output', 'more']),
      },
      {
        note: 'EMA length and guidance, swept together',
        command: siblingCommand('evaluate', [
          ...['sweep', '--indir', folder, '--outdir', join(folder, 'sweep')],
          ...['--features', join(folder, 'classifier.safetensors'), '--ref', join(folder, 'reference.safetensors')],
          ...['--guidance', '1,1.5,2', '--guide-sigma-rel', '0.1', '--guide-t', String(evaluation.guidance.nimg)],
          ...['--num', '200', '--steps', '16'],
        ]),
      },
      {
        note: 'your own images: square, a power of two, sub-folders are classes',
        command: siblingCommand('start', ['--data', 'path/to/images']),
      },
    ],
    finished: new Date(),
  };
}

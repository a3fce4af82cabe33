import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJsonLines } from '@edm2/app-kit/files/json-lines';
import type { Training } from './size.js';

/** Steps of a training's beginning, from which its speed is read. */
const TRIAL_STEPS = 48;
const TRIAL_LINES = 6;

/** A training as the demonstration runs it. */
export interface TrainingRequest {
  readonly training: Training;
  readonly outdir: string;
  /** Arguments before those of the training: `train`, or `train vae`, and its data. */
  readonly begin: readonly string[];
  readonly goOn: readonly string[];
  /** Seconds it may take; undefined: as many images as it says. */
  readonly seconds: number | undefined;
  /** Images, once they are known. */
  readonly duration: number | undefined;
  /** What else is written every so often, a share of the training each. */
  readonly intervals: Readonly<Record<string, number>>;
  run(args: readonly string[]): Promise<void>;
  /** Told once how many images there is time for. */
  known(duration: number): Promise<void>;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Shares of the time given after which no more is added, and rounds at the most: a machine that others use too is now fast, now slow. */
const ENOUGH = 0.85;
const ROUNDS = 4;

/** Begins a training, measures it, and goes on for as many images as there is time; or goes on with one that was interrupted. */
export async function runTraining(request: TrainingRequest): Promise<void> {
  const { training, outdir, begin, goOn, seconds, run, known } = request;
  const { batch, options } = training;
  const started = (await exists(join(outdir, 'run.json'))) || (await exists(join(outdir, 'config.json')));
  const first = [...begin, '--outdir', outdir, '--batch', String(batch), ...options];
  const onward = (duration: number) => run([...goOn, '--outdir', outdir, ...durations(duration, request)]);
  if (seconds === undefined) {
    const duration = request.duration ?? training.duration;
    if (request.duration === undefined) await known(duration);
    return started ? onward(duration) : run([...first, ...durations(duration, request)]);
  }
  let duration = request.duration;
  if (duration === undefined) {
    const trial = durations(batch * TRIAL_STEPS, { ...request, intervals: {} });
    const status = ['--status', String(batch * (TRIAL_STEPS / TRIAL_LINES))];
    await (started ? onward(batch * TRIAL_STEPS) : run([...first, ...trial, ...status]));
  } else await onward(duration);
  for (let round = 1; round <= ROUNDS; round++) {
    const { nimg, spent, imagesPerSecond } = await speedOf(outdir);
    if (spent >= ENOUGH * seconds) return;
    duration = batch * Math.ceil((nimg + imagesPerSecond * (seconds - spent)) / batch);
    await known(duration);
    await onward(duration);
  }
}

/** `--duration`, and intervals as shares of it. */
const durations = (duration: number, { intervals, training: { batch } }: TrainingRequest): string[] => [
  ...['--duration', String(duration)],
  ...Object.entries(intervals).flatMap(([name, parts]) => [
    `--${name}`,
    String(Math.max(batch, Math.ceil(duration / parts / batch) * batch)),
  ]),
];

/** Where a training stands: its images, the seconds of all its lines, and how fast it was of late. */
async function speedOf(outdir: string): Promise<{ nimg: number; spent: number; imagesPerSecond: number }> {
  const lines = parseJsonLines<{ nimg: number; imagesPerSecond: number }>(
    await readFile(join(outdir, 'log.jsonl'), 'utf8'),
  );
  const images = lines.map(({ nimg }, i) => nimg - (lines[i - 1]?.nimg ?? 0));
  const seconds = lines.map(({ imagesPerSecond }, i) => (images[i] as number) / imagesPerSecond);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  // The first line has the compiling in it.
  const from = Math.max(1, lines.length >> 1);
  return {
    nimg: lines.at(-1)?.nimg ?? 0,
    spent: sum(seconds),
    imagesPerSecond: sum(images.slice(from)) / Math.max(1e-3, sum(seconds.slice(from))),
  };
}

/** The snapshot of a run that is nearest to a share of its training, by its file's name. */
export async function snapshotAt(outdir: string, sigmaRel: string, images: number): Promise<string> {
  const found = (await readdir(outdir)).flatMap((name) => {
    const [, time, length] = /^network-snapshot-(\d+(?:\.\d{3})?)-(\d\.\d+)\.safetensors$/.exec(name) ?? [];
    return time !== undefined && length === sigmaRel ? [{ name, off: Math.abs(Number(time) * 1000 - images) }] : [];
  });
  const [nearest] = found.sort((a, b) => a.off - b.off);
  if (!nearest)
    throw new Error(
      `${outdir}: expected a snapshot of EMA length ${sigmaRel}, got none. Remove the folder to train anew.`,
    );
  return join(outdir, nearest.name);
}

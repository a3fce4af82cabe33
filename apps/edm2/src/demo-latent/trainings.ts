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

/** Begins a training, measures it, and goes on for as many images as there is time; or goes on with one that was interrupted. */
export async function runTraining(request: TrainingRequest): Promise<void> {
  const { training, outdir, begin, goOn, seconds, run } = request;
  const { batch, options } = training;
  const started = (await exists(join(outdir, 'run.json'))) || (await exists(join(outdir, 'config.json')));
  const first = [...begin, '--outdir', outdir, '--batch', String(batch), ...options];
  if (seconds === undefined) {
    const duration = request.duration ?? training.duration;
    if (request.duration === undefined) await request.known(duration);
    await run(started ? [...goOn, '--outdir', outdir] : [...first, ...durations(duration, request)]);
    return;
  }
  if (request.duration === undefined) {
    const trial = { ...request, intervals: {} };
    const status = ['--status', String(batch * (TRIAL_STEPS / TRIAL_LINES))];
    await run(
      started ? [...goOn, '--outdir', outdir] : [...first, ...durations(batch * TRIAL_STEPS, trial), ...status],
    );
    const duration = batch * (TRIAL_STEPS + Math.ceil(((await imagesPerSecond(outdir)) * seconds) / batch));
    await request.known(duration);
    await run([...goOn, '--outdir', outdir, ...durations(duration, request)]);
    return;
  }
  await run([...goOn, '--outdir', outdir, ...durations(request.duration, request)]);
}

/** `--duration`, and intervals as shares of it. */
const durations = (duration: number, { intervals, training: { batch } }: TrainingRequest): string[] => [
  ...['--duration', String(duration)],
  ...Object.entries(intervals).flatMap(([name, parts]) => [
    `--${name}`,
    String(Math.max(batch, Math.ceil(duration / parts / batch) * batch)),
  ]),
];

/** Of a training's last lines; the first one has the compiling in it. */
async function imagesPerSecond(outdir: string): Promise<number> {
  const lines = parseJsonLines<{ imagesPerSecond: number }>(await readFile(join(outdir, 'log.jsonl'), 'utf8'));
  const speeds = lines.slice(1).map((line) => line.imagesPerSecond);
  return speeds.reduce((sum, speed) => sum + speed, 0) / Math.max(1, speeds.length);
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

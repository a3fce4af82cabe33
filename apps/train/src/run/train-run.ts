import { startProgress } from '@edm2/app-kit/command/progress';
import { InterruptedError } from '@edm2/command/errors';
import type { Dataset } from '@edm2/dataset';
import type { EngineReport } from '@edm2/engine';
import { createLossByNoiseLevel } from '@edm2/loss-weighting';
import type { TrainState, TrainStep } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import type { RunConfig } from '../options/run-config.js';
import { batches, disposeBatch } from './batches.js';
import { type Position, readCheckpoint, writeCheckpoint, writeSnapshots } from './checkpoint.js';
import { createEventFile } from './events/event-file.js';
import { appendLog, truncateLog } from './log.js';
import { createMagnitudes, truncateMagnitudes } from './magnitudes.js';
import { buildNetwork } from './network.js';
import { createPreview } from './preview.js';
import { createStepper } from './stepper.js';

/** Bins of ln σ for the loss-by-noise-level statistics. */
const NOISE_BINS = 16;

/** What a run is given. */
export interface TrainRunOptions {
  readonly config: RunConfig;
  readonly dataset: Dataset;
  readonly outdir: string;
  readonly engine: EngineReport;
  /** Continue from the newest training state of the folder. */
  readonly resume: boolean;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  /** Shell command that continues the run, told when it is interrupted. */
  readonly resumeCommand: string;
  /** Title of the progress bar, and what to add to its note. */
  readonly title?: string;
  readonly remark?: (nimg: number) => string;
}

/** Images that a run sees: whole batches. */
export const imagesOf = ({ duration, batch }: Pick<RunConfig, 'duration' | 'batch'>): number =>
  Math.ceil(duration / batch) * batch;

/** The loss was not finite. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';
}

/**
 * The loop: batch → step → status → preview → snapshot → checkpoint, until `config.duration` images are seen.
 *
 * @returns the loss-by-noise-level statistics, and seconds until the first step was done.
 * @throws {InterruptedError} after `signal`, with a checkpoint written.
 * @throws {DivergedError} when the loss is not finite; the last checkpoint stays as it is.
 */
export async function trainRun(options: TrainRunOptions) {
  const { config, dataset, outdir, engine, signal, say } = options;
  const { unet, uncertainty, training } = buildNetwork(config);
  const stored = options.resume ? await readCheckpoint(outdir, { unet, uncertainty }, say) : undefined;
  if (options.resume)
    say(stored ? `resuming at ${stored.position.nimg} images` : 'no training state yet: starting anew');
  await truncateLog(outdir, stored?.position.nimg ?? 0);
  await truncateMagnitudes(outdir, stored?.position.nimg ?? 0);
  const events = await createEventFile(outdir, stored?.position.nimg ?? 0);

  let state: TrainState = stored?.state ?? training.init(config.seed);
  let { nimg, lossSum, lossCount } = stored?.position ?? { nimg: 0, lossSum: 0, lossCount: 0 };
  const byNoiseLevel = createLossByNoiseLevel({ bins: NOISE_BINS });
  if (stored) byNoiseLevel.restore(stored.position.byNoiseLevel as ReturnType<typeof byNoiseLevel.state>);
  const position = (): Position => ({ nimg, lossSum, lossCount, byNoiseLevel: byNoiseLevel.state() });
  const checkpoint = (): Promise<string> => writeCheckpoint(outdir, state, position(), config);

  const stepper = createStepper(training as TrainStep, config.batch, config.batchGpu, engine.engine);
  const recorder = config.magnitudes
    ? createMagnitudes(outdir, unet, engine, { updates: config.updates === true, sigmaData: config.sigmaData })
    : undefined;
  const preview = await createPreview({ outdir, unet, config, engine, say });
  const started = performance.now();
  let tickStart = started;
  let tickImages = nimg;
  let firstStepSeconds: number | undefined;
  const crosses = (interval: number, before: number, after: number): boolean =>
    interval > 0 && (Math.floor(after / interval) > Math.floor(before / interval) || after >= config.duration);

  const progress = startProgress(options.title ?? 'training', imagesOf(config), 'images', nimg);
  try {
    if (nimg < config.duration)
      for await (const input of batches(dataset, config, unet, nimg, signal)) {
        const tick = crosses(config.status, nimg, input.nimg);
        const weightsBefore = tick ? recorder?.before(state.params) : undefined;
        const { state: next, loss, rawLoss } = stepper.step(state, input.batch);
        state = next;
        if (!Number.isFinite(loss))
          throw new DivergedError(
            `training: expected a finite loss, got ${loss} at ${input.nimg} images. Train anew in another --outdir with a lower --lr; the snapshots and states written before are as they were.`,
          );
        byNoiseLevel.add(input.sigmas, rawLoss);
        if (tick && recorder) await recorder.record(input.nimg, state.params, input.batch, weightsBefore);
        disposeBatch(input.batch);
        firstStepSeconds ??= (performance.now() - started) / 1000;
        const before = nimg;
        nimg = input.nimg;
        lossSum += loss;
        lossCount += 1;
        progress.update(
          nimg,
          `loss ${(lossSum / lossCount).toFixed(3)}${options.remark ? `, ${options.remark(nimg)}` : ''}`,
        );

        if (tick) {
          const now = performance.now();
          const mean = lossSum / lossCount;
          const { learningRate } = input;
          const imagesPerSecond = (nimg - tickImages) / ((now - tickStart) / 1000);
          await appendLog(outdir, {
            nimg,
            loss: mean,
            learningRate,
            imagesPerSecond,
            seconds: (now - started) / 1000,
            memoryMB: process.memoryUsage().rss / 1e6,
          });
          await events.add(nimg, { loss: mean, learningRate, imagesPerSecond });
          [tickStart, tickImages, lossSum, lossCount] = [now, nimg, 0, 0];
        }
        if (crosses(config.preview, before, nimg))
          await preview.draw({ ...state.params, ...state.ema[String(config.emaSigmaRels[0])] }, nimg);
        if (crosses(config.snapshot, before, nimg)) await writeSnapshots(outdir, unet, state, nimg, config);
        if (crosses(config.checkpoint, before, nimg)) await checkpoint();
        if (nimg >= config.duration) break;
        // A compiled step holds the event loop: let signals and timers in.
        await new Promise((resolve) => setImmediate(resolve));
        if (signal.aborted) break;
      }
    if (signal.aborted && nimg < config.duration) {
      const path = await checkpoint();
      throw new InterruptedError(
        `interrupted at ${nimg} images, checkpoint ${path}. Continue with: ${options.resumeCommand}`,
      );
    }
    return { byNoiseLevel, firstStepSeconds, seconds: (performance.now() - started) / 1000, unet };
  } finally {
    progress.stop();
    stepper.dispose();
    preview.dispose();
    recorder?.dispose();
    tf.dispose(state as unknown as tf.TensorContainer);
  }
}

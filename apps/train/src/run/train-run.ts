import { startProgress } from '@edm2/app-kit/command/progress';
import { InterruptedError } from '@edm2/command/errors';
import type { Dataset } from '@edm2/dataset';
import type { EngineReport } from '@edm2/engine';
import type { LossByNoiseLevel } from '@edm2/loss-weighting';
import { disposeTree, type TrainState, type TrainStep } from '@edm2/training';
import type { RunConfig } from '../options/run-config.js';
import { batches, type StepInput } from './batches.js';
import { isDue } from './happenings/happening.js';
import { beginHappenings } from './happenings/happenings.js';
import { createMeter } from './meter.js';
import { buildNetwork } from './network.js';
import { isOutOfMemory, outOfMemory } from './out-of-memory.js';
import { listStates } from './run-folder.js';
import { createStepper } from './stepper.js';
import { readTrainingState } from './stored-run.js';
import { createUnreadLosses } from './unread.js';
import { openValidation } from './validation/open-validation.js';
import { createValidation } from './validation/validation.js';

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

/** What is known of a run when it is done. */
export interface TrainedRun {
  readonly byNoiseLevel: LossByNoiseLevel;
  /** Until the first step was done; undefined when there was none to do. */
  readonly firstStepSeconds: number | undefined;
  readonly seconds: number;
}

/**
 * The loop: batch → step → what is due after it, until `config.duration` images are seen. An engine may be steps behind: losses are read
 * where something is due, and the next batch is made meanwhile.
 *
 * @returns the loss-by-noise-level statistics, and seconds until the first step was done.
 * @throws {InterruptedError} after `signal`, with a training state written.
 * @throws {DivergedError} when the loss is not finite; the last training state stays as it is.
 */
export async function trainRun(options: TrainRunOptions): Promise<TrainedRun> {
  const { config, outdir, engine, signal, say } = options;
  const parts = await openValidation(options.dataset, config);
  const dataset = parts?.train ?? options.dataset;
  if (parts) say(`trained on: ${dataset.sourceLength} images; held out: ${parts.heldOut.sourceLength}`);
  const { unet, uncertainty, training } = buildNetwork(config);
  const stored = options.resume ? await readTrainingState(outdir, { unet, uncertainty }, say) : undefined;
  if (options.resume)
    say(stored ? `resuming at ${stored.position.nimg} images` : 'no training state yet: starting anew');
  let nimg = stored?.position.nimg ?? 0;
  let state: TrainState = stored?.state ?? training.init(config.seed);
  const meter = createMeter(stored?.position);
  const validation =
    parts && (await createValidation({ config, unet, engine, training: dataset, heldOut: parts.heldOut }));
  const happenings = await beginHappenings({ config, outdir, unet, engine, say, from: nimg, meter, validation });
  const stepper = createStepper(training as TrainStep, { ...config, engine: engine.engine });
  const unread = createUnreadLosses(meter);
  let firstStepSeconds: number | undefined;
  const progress = startProgress(options.title ?? 'training', imagesOf(config), 'images', nimg);

  let seen = '';
  const readLosses = async (): Promise<void> => {
    await unread.read();
    seen = `loss ${meter.mean().toFixed(3)}`;
  };
  const advance = async (input: StepInput): Promise<void> => {
    const due = happenings.filter((happening) => isDue(happening, nimg, input.nimg, config.duration));
    for (const { before } of due) before?.(state);
    const { state: next, losses } = stepper.step(state, input.batch);
    state = next;
    nimg = input.nimg;
    await unread.add({ losses, sigmas: input.sigmas, nimg });
    // The first step compiled: when it is done, training has begun.
    if (due.length > 0 || firstStepSeconds === undefined) await readLosses();
    firstStepSeconds ??= meter.seconds();
    progress.update(nimg, `${seen}${options.remark ? `, ${options.remark(nimg)}` : ''}`);
    for (const happening of due) await happening.at({ nimg, state, input });
  };

  const save = async (): Promise<string> => {
    await unread.read();
    const saved: string[] = [];
    for (const { rescue } of happenings) if (rescue) saved.push(await rescue({ nimg, state }));
    return saved.join(', ');
  };
  const stop = async (error: unknown): Promise<never> => {
    if (!isOutOfMemory(error)) throw error;
    const started = nimg > (stored?.position.nimg ?? 0);
    const hasOlder = (await listStates(outdir)).length > 0;
    const { resumeCommand } = options;
    throw await outOfMemory(error, { config, engine, nimg, save: started ? save : undefined, hasOlder, resumeCommand });
  };

  meter.start();
  try {
    if (nimg < config.duration)
      for await (const input of batches(dataset, config, unet, nimg, signal)) {
        await advance(input)
          .catch(stop)
          .finally(() => disposeTree(input.batch));
        if (nimg >= config.duration) break;
        // A compiled step holds the event loop: let signals and timers in.
        await new Promise((resolve) => setImmediate(resolve));
        if (signal.aborted) break;
      }
    if (signal.aborted && nimg < config.duration) {
      throw new InterruptedError(
        `interrupted at ${nimg} images, training state ${await save()}. Continue with: ${options.resumeCommand}`,
      );
    }
    return { byNoiseLevel: meter.byNoiseLevel, firstStepSeconds, seconds: meter.seconds() };
  } finally {
    progress.stop();
    unread.dispose();
    stepper.dispose();
    for (const happening of happenings) happening.dispose?.();
    validation?.dispose();
    await parts?.close();
    disposeTree(state);
  }
}

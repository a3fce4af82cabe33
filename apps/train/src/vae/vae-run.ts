import { basename, join, resolve } from 'node:path';
import { startProgress } from '@edm2/app-kit/command/progress';
import type { Split } from '@edm2/app-kit/data/hold-out';
import { InterruptedError } from '@edm2/command/errors';
import type { EngineReport } from '@edm2/engine';
import type { AutoencoderLoss } from '@edm2/latent-vae';
import { hashAutoencoder, saveAutoencoder, saveRawStatistics } from '@edm2/latent-vae/node';
import { jit } from '@edm2/tfjs-jit';
import { type AdamMoments, disposeTree, type TrainState } from '@edm2/training';
import { joinBatches, writeGrid } from 'edm2/parts';
import { append } from '../run/append.js';
import { DivergedError } from '../run/diverged.js';
import { truncateLines } from '../run/log.js';
import { previewPath } from '../run/run-folder.js';
import { createVae } from './network.js';
import { createLooker, type Look } from './quality.js';
import { type VaeInput, vaeBatches } from './vae-batches.js';
import type { VaeConfig } from './vae-config.js';
import { autoencoderFolder, readVaeState, type VaePosition, writeVaeState } from './vae-folder.js';
import { averaged, createVaeStep } from './vae-step.js';

/** What a training is given. */
export interface VaeRunOptions {
  readonly config: VaeConfig;
  readonly data: Split;
  readonly outdir: string;
  readonly engine: EngineReport;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  readonly resumeCommand: string;
}

/** Images of a preview, in rows of originals and of what came back; images looked at at a time. */
const SHOWN = 16;
const COLUMNS = 8;
const LOOK_BATCH = 16;

/** Means since the last line; what held-out images look like. */
const LOG = 'log.jsonl';
const QUALITY = 'quality.jsonl';

/**
 * The loop: batch → step → status, previews, states, until `config.duration` images are seen; then the autoencoder as a diffusers folder.
 *
 * @returns what held-out images look like at the end.
 * @throws {InterruptedError} (rejects) after `signal`, with a training state written.
 * @throws {DivergedError} (rejects) when the loss is not finite; the last training state stays as it is.
 */
export async function trainVae(options: VaeRunOptions): Promise<Look> {
  const { config, data, outdir, engine, signal, say } = options;
  const vae = createVae(config);
  const { init, step } = createVaeStep(vae, config);
  const stored = await readVaeState(outdir, say);
  if (stored) say(`resuming at ${stored.position.nimg} images`);
  let nimg = stored?.position.nimg ?? 0;
  let state = (stored?.state ?? init(config.seed)) as TrainState<AdamMoments>;
  const compiled = jit(step, { ...(engine.engine ? { engine: engine.engine } : {}), donate: [0] });
  const looker = createLooker(vae, engine.engine, LOOK_BATCH);
  const status = createStatus(outdir, nimg, stored?.position);
  const total = imagesOf(config);
  await truncateLines(join(outdir, LOG), nimg);
  // A finished run is looked at again.
  await truncateLines(join(outdir, QUALITY), nimg < total ? nimg : nimg - 1);
  const progress = startProgress('training', total, 'images', nimg);

  const look = async (): Promise<Look> => {
    const seen = await looker.look(averaged(state), seenOf(data), config.heldOut || SHOWN, SHOWN);
    const sampleSize = data.train.resolution;
    const scalingFactor = 1 / seen.latentStd;
    const folder = autoencoderFolder(outdir);
    await saveAutoencoder(folder, { vae, params: averaged(state), scalingFactor, sampleSize });
    const owner = { vae: basename(resolve(outdir)), sha256: await hashAutoencoder(folder) };
    await saveRawStatistics(folder, seen.statistics, owner);
    await writeGrid(previewPath(outdir, nimg), rowsOf(seen), { columns: COLUMNS });
    await append(join(outdir, QUALITY), `${JSON.stringify({ nimg, ...seen.quality })}\n`);
    progress.say(`${nimg} images: ${describe(seen, config)}`);
    return seen;
  };
  const advance = async (input: VaeInput): Promise<void> => {
    const { state: next, metrics } = compiled(state, input.batch);
    state = next;
    const values = await valuesOf(metrics);
    if (!Number.isFinite(values.loss))
      throw new DivergedError(
        `training: expected a finite loss, got ${values.loss} at ${input.nimg} images. Train anew in another --outdir with a lower --lr; the states written before are as they were.`,
      );
    const before = nimg;
    nimg = input.nimg;
    const due = (every: number): boolean => Math.floor(nimg / every) > Math.floor(before / every);
    status.add(values);
    progress.update(nimg, `loss ${values.loss.toFixed(4)}`);
    if (due(config.status) || nimg >= total) await status.write(nimg, input.learningRate);
    if (due(config.preview) && nimg < total) await look();
    // Last, so that nothing is done twice.
    if (due(config.checkpoint) && nimg < total) await writeVaeState(outdir, state, status.position(nimg));
  };

  try {
    if (nimg < total)
      for await (const input of vaeBatches(data.train, vae, config, nimg)) {
        await advance(input).finally(() => disposeTree(input.batch));
        if (nimg >= total) break;
        // A compiled step holds the event loop: let signals and timers in.
        await new Promise((resolve) => setImmediate(resolve));
        if (signal.aborted) break;
      }
    if (signal.aborted && nimg < total) {
      const path = await writeVaeState(outdir, state, status.position(nimg));
      throw new InterruptedError(
        `interrupted at ${nimg} images, training state ${path}. Continue with: ${options.resumeCommand}`,
      );
    }
    const seen = await look();
    await writeVaeState(outdir, state, status.position(nimg));
    return seen;
  } finally {
    progress.stop();
    compiled.dispose();
    looker.dispose();
    disposeTree(state);
  }
}

/** Images that a training sees: whole batches. */
export const imagesOf = ({ duration, batch }: Pick<VaeConfig, 'duration' | 'batch'>): number =>
  Math.ceil(duration / batch) * batch;

/** What is looked at: held-out images, or where there are none some of the others. */
const seenOf = ({ train, heldOut }: Split) => (heldOut.length > 0 ? heldOut : train);

/** Images looked at, and how they come back, in words. */
export const describe = (
  { quality: { images, psnr, psnrSampled } }: Look,
  { heldOut }: Pick<VaeConfig, 'heldOut'>,
): string =>
  `PSNR ${psnr.toFixed(2)} dB of the means, ${psnrSampled.toFixed(2)} dB of draws (${images} ${heldOut > 0 ? 'held-out' : 'training'} images)`;

/** A row of originals, a row of what came back, and so on. */
function rowsOf({ originals, decoded }: Look) {
  const size = originals.data.length / originals.shape[0];
  const rows = [];
  for (let at = 0; at < originals.shape[0]; at += COLUMNS)
    for (const { data, shape } of [originals, decoded]) {
      const part = data.subarray(at * size, (at + COLUMNS) * size);
      rows.push({ data: part, shape: [part.length / size, shape[1], shape[2], shape[3]] as const });
    }
  return joinBatches(rows);
}

type Values = Record<keyof AutoencoderLoss, number>;

async function valuesOf(metrics: AutoencoderLoss): Promise<Values> {
  const entries = Object.entries(metrics).map(([name, tensor]) => [name, tensor.dataSync()[0] ?? Number.NaN]);
  disposeTree(metrics);
  return Object.fromEntries(entries) as Values;
}

/** Means between status lines, in `log.jsonl`. */
function createStatus(outdir: string, from: number, stored: VaePosition | undefined) {
  const started = performance.now();
  let last = { nimg: from, seconds: 0 };
  let sums: Partial<Values> = stored?.sums ?? {};
  let count = stored?.count ?? 0;
  return {
    /** What a training state keeps. */
    position: (nimg: number): VaePosition => ({ nimg, sums, count }),
    add(values: Values): void {
      for (const [name, value] of Object.entries(values) as [keyof Values, number][])
        sums[name] = (sums[name] ?? 0) + value;
      count++;
    },
    async write(nimg: number, learningRate: number): Promise<void> {
      const seconds = (performance.now() - started) / 1000;
      const means = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count]));
      const imagesPerSecond = (nimg - last.nimg) / (seconds - last.seconds);
      await append(
        join(outdir, LOG),
        `${JSON.stringify({ nimg, ...means, learningRate, imagesPerSecond, seconds })}\n`,
      );
      [last, sums, count] = [{ nimg, seconds }, {}, 0];
    },
  };
}

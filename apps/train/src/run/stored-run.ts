import type { UNet } from '@edm2/edm2-unet';
import { saveNetwork } from '@edm2/edm2-unet/node';
import { createLatentNormalizer, latentMetadata } from '@edm2/latent-vae';
import { readSafetensors } from '@edm2/tensor-files';
import type { TrainState } from '@edm2/training';
import { type LoadStateOptions, loadState, saveState } from '@edm2/training/node';
import type { RunConfig } from '../options/run-config.js';
import { announce } from './announce.js';
import { runAverages } from './run-averages.js';
import { averagePath, exists, listStates, pruneStates, statePath } from './run-folder.js';

/** What the loop carries beside tensors: where it is, and the sums that the next status line will be made of. */
export interface Position {
  readonly nimg: number;
  readonly lossSum: number;
  readonly lossCount: number;
  readonly byNoiseLevel: unknown;
}

/** Writes everything that resuming needs. Only what (config, nimg) decide: no times, so equal runs write equal files. */
export async function writeTrainingState(
  outdir: string,
  state: TrainState,
  position: Position,
  config: Pick<RunConfig, 'latents'>,
): Promise<string> {
  const path = await statePath(outdir, position.nimg);
  await saveState(path, state, { position: JSON.stringify(position), ...latentsOf(config) });
  await pruneStates(outdir);
  announce({ kind: 'checkpoint', nimg: position.nimg, path });
  return path;
}

/**
 * The newest training state of the folder that can be read; an unreadable one is named and the one before it taken.
 *
 * @param net - what a state must fit.
 * @returns undefined when there is none.
 * @throws {Error} (rejects) when there are some and none can be read: beginning anew would overwrite what the run has made.
 */
export const readTrainingState = (
  outdir: string,
  net: LoadStateOptions,
  say: (text: string) => void,
): Promise<{ state: TrainState; position: Position; path: string } | undefined> => readNewestState(outdir, net, say);

/** {@link readTrainingState} for any training whose states have a position of their own. */
export async function readNewestState<P>(
  outdir: string,
  net: LoadStateOptions,
  say: (text: string) => void,
): Promise<{ state: TrainState; position: P; path: string } | undefined> {
  const paths = await listStates(outdir);
  let cause: unknown;
  for (const path of paths) {
    try {
      const { state, metadata } = await loadState(path, net);
      return { state, position: JSON.parse(metadata['position'] ?? ''), path };
    } catch (error) {
      cause = error;
      say(`${path} cannot be read (${error instanceof Error ? error.message : error})`);
    }
  }
  if (paths.length > 0)
    throw new Error(
      `--resume: expected a training state that can be read, got ${paths.length} in ${outdir} that cannot. Copy one back, or train anew in another --outdir.`,
      { cause },
    );
  return undefined;
}

/** Where the newest training state of a folder stands whose header can be read; undefined when there is none. */
export async function storedPosition(outdir: string): Promise<Position | undefined> {
  for (const path of await listStates(outdir)) {
    const file = await readSafetensors(path).catch(() => undefined);
    if (!file) continue;
    await file.close();
    const position = parsePosition(file.metadata['position']);
    if (position) return position;
  }
  return undefined;
}

function parsePosition(text = ''): Position | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a file of a run on latents says of them: nothing for pixels. */
function latentsOf({ latents }: Pick<RunConfig, 'latents'>): Record<string, string> {
  if (!latents) return {};
  const { vae, sha256, normalizer } = latents;
  return latentMetadata(vae, createLatentNormalizer(normalizer), sha256 === undefined ? {} : { sha256 });
}

/** Writes the tracked averages as network snapshots. */
export async function writeSnapshots(
  outdir: string,
  unet: UNet,
  state: TrainState,
  nimg: number,
  config: RunConfig,
): Promise<void> {
  for (const { average, key, metadata } of runAverages(config)) {
    const path = await averagePath(outdir, nimg, key);
    if (await exists(path)) continue;
    // Buffers are the same in every average; what is trained comes from the track.
    await saveNetwork(path, {
      unet,
      params: { ...state.params, ...state.ema[average.name] },
      sigmaData: config.sigmaData,
      metadata: { ...metadata, nimg: String(nimg), preset: config.preset, ...latentsOf(config) },
    });
    announce({ kind: 'snapshot', nimg, path });
  }
}

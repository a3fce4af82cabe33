import type { EngineReport } from '@edm2/engine';
import type { RunConfig } from '../options/run-config.js';

/** What an engine says when memory ends; `requested` in bytes where it knows. */
interface OutOfMemory extends Error {
  readonly reason: 'OUT_OF_MEMORY';
  readonly requested?: number | undefined;
}

export const isOutOfMemory = (error: unknown): error is OutOfMemory =>
  error instanceof Error && (error as Partial<OutOfMemory>).reason === 'OUT_OF_MEMORY';

/** Memory of an engine's device that is free, in bytes, where it tells. */
function freeMemory({ engine }: EngineReport): number | undefined {
  const memory = (
    engine as { memory?(): { used: number; limit: number | undefined } | undefined } | undefined
  )?.memory?.();
  return memory?.limit === undefined ? undefined : Math.max(0, memory.limit - memory.used);
}

/**
 * How many images at once would fit: what a step takes grows with them. Without figures, half as many.
 *
 * @returns a divisor of the batch below `batchGpu`; undefined when one image is too much.
 */
export function fittingBatch(
  { batch, batchGpu }: Pick<RunConfig, 'batch' | 'batchGpu'>,
  requested?: number,
  free?: number,
): number | undefined {
  const share = requested && free !== undefined && free < requested ? free / requested : 1 / 2;
  const most = Math.min(batchGpu - 1, Math.max(1, batchGpu * share));
  for (let images = Math.floor(most); images >= 1; images--) if (batch % images === 0) return images;
  return undefined;
}

/** Where a run stands whose engine has no memory left. */
export interface Stopped {
  readonly config: RunConfig;
  readonly engine: EngineReport;
  readonly nimg: number;
  /** Writes a training state; rejects when the state went with the step. */
  readonly save: (() => Promise<string>) | undefined;
  /** Whether the folder has an older one. */
  readonly hasOlder: boolean;
  readonly resumeCommand: string;
}

/** The error that says which batch would fit, and where the run goes on. */
export async function outOfMemory(
  error: OutOfMemory,
  { config, engine, nimg, save, hasOlder, resumeCommand }: Stopped,
): Promise<Error> {
  const fits = fittingBatch(config, error.requested, freeMemory(engine));
  const cure =
    fits === undefined
      ? 'One image is too much: take a smaller network, or another device'
      : `A run with --batch-gpu ${fits} would fit, and computes the same to rounding`;
  const saved = await save?.().catch(() => undefined);
  const onwards = `When the device has memory again, continue with: ${resumeCommand}`;
  const lost = 'The step took its state with it';
  const rest =
    saved !== undefined
      ? ` Nothing is lost: training state ${saved}. ${onwards}`
      : hasOlder
        ? ` ${lost}; the last training state is whole. ${onwards}`
        : save
          ? ` ${lost}, and no training state was written before: it begins anew with: ${resumeCommand}`
          : '';
  return new Error(
    `training: expected memory for ${config.batchGpu} images at once at ${nimg} images, got none (${error.message}). ${cure}.${rest}`,
    { cause: error },
  );
}

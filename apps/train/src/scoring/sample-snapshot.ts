import type { EngineReport } from '@edm2/engine';
import { gridClass, guided, openDenoiser, type PixelBatch, sampleAll } from 'edm2/parts';

/** What {@link generate} needs. */
export interface GenerateOptions {
  /** A network snapshot. */
  readonly path: string;
  /** A worse network of the same kind, and how far to go away from it (autoguidance); none: not guided. */
  readonly guidance?: { readonly path: string; readonly weight: number };
  readonly seeds: readonly number[];
  /** Steps of the Heun sampler; 2·steps − 1 network evaluations. */
  readonly steps: number;
  readonly batch: number;
  readonly engine: EngineReport;
  readonly onProgress?: (done: number) => void;
  readonly signal: AbortSignal;
}

/** Columns of the grids: seed s is of class floor(s / 10) mod classes. */
export const GRID_COLUMNS = 10;

/**
 * Images of a snapshot in the grids' layout, one per seed.
 *
 * @returns pixels `[seeds, H, W, C]`.
 */
export async function generate(options: GenerateOptions): Promise<PixelBatch> {
  const { path, guidance, seeds, steps, batch, engine, onProgress, signal } = options;
  const main = await openDenoiser(path, engine);
  const away = guidance && (await openDenoiser(guidance.path, engine));
  try {
    return await sampleAll({
      denoise: guided(main, away, { weight: guidance?.weight ?? 1 }),
      config: main.config,
      seeds,
      classOf: gridClass(main.config.labelDim, GRID_COLUMNS),
      settings: { steps },
      batch,
      onProgress,
      signal,
    });
  } finally {
    main.dispose();
    away?.dispose();
  }
}

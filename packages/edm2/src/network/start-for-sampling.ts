import { stat } from 'node:fs/promises';
import { type EngineName, type EngineReport, startEngine } from '@edm2/engine';

/** What computes. */
export interface EngineWish {
  readonly engine?: string | undefined;
  /** Of one call; default: the machine's cores. */
  readonly threads?: number | undefined;
}

/** Bytes of a stored parameter: for the choice of an engine, no more than an order of magnitude matters. */
const BYTES = 4;

/** Starts the engine asked for, or the one that suits sampling a network of this file's size. */
export async function startForSampling({ engine = 'auto', threads }: EngineWish, file?: string): Promise<EngineReport> {
  const size = file === undefined ? 0 : ((await stat(file).catch(() => undefined))?.size ?? 0);
  return startEngine(engine as EngineName, {
    ...(threads === undefined ? {} : { threads }),
    parameters: Math.round(size / BYTES),
    work: 'sampling',
  });
}

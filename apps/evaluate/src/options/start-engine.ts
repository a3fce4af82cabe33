import { stat } from 'node:fs/promises';
import type { EngineChoice } from '@edm2/app-kit/command/engine-options';
import { type EngineName, type EngineReport, startEngine } from '@edm2/engine';

/** Bytes of a stored parameter: for the choice of an engine, no more than an order of magnitude matters. */
const BYTES = 4;

/** Starts the engine asked for, or the one that suits sampling a network of this file's size. */
export async function engineFor({ engine, threads }: EngineChoice, file?: string): Promise<EngineReport> {
  const size = file === undefined ? 0 : ((await stat(file).catch(() => undefined))?.size ?? 0);
  const report = await startEngine(engine as EngineName, {
    ...(threads === undefined ? {} : { threads }),
    parameters: Math.round(size / BYTES),
    work: 'sampling',
  });
  return report;
}

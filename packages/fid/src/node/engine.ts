import { kindOf } from '@edm2/options';
import type { Engine } from '@edm2/tfjs-jit';

/** An engine that somebody has started, such as `startOnnxRuntime()` gives; the type says no more, for those who have none installed. */
export interface StartedEngine {
  /** Its TensorFlow.js backend. */
  readonly backend: string;
}

/** What computes: a name that `@edm2/engine` knows, or what is there already. */
export type EngineChoice = string | StartedEngine;

/** What runs: op by op where there is no compiler. */
export interface RunningEngine {
  /** TensorFlow.js's; default the engine's own, or the current one. */
  readonly backend?: string | undefined;
  readonly engine?: Engine | undefined;
}

/** The engine chosen, started by `@edm2/engine` where it is a name. @throws {Error} (rejects) when it cannot start. */
export async function engineOf(choice: EngineChoice, threads: number | undefined): Promise<RunningEngine> {
  if (typeof choice !== 'string') return { backend: choice.backend, engine: choice as Engine };
  const { startEngine } = await importEngines();
  // A name that it does not know, it refuses with those that it does.
  return startEngine(choice as 'auto', { work: 'sampling', ...(threads === undefined ? {} : { threads }) });
}

async function importEngines(): Promise<typeof import('@edm2/engine')> {
  try {
    return await import('@edm2/engine');
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    throw new Error(
      'engineOf: expected @edm2/engine, which starts what computes, got no such package. Run: npm install @edm2/engine @edm2/tfjs-onnxruntime @tensorflow/tfjs-core',
      { cause },
    );
  }
}

/** What the engines are called, and which cannot be used; undefined where `@edm2/engine` is not installed. */
export const knownEngines = async (): Promise<typeof import('@edm2/engine/names')['ENGINES'] | undefined> =>
  (await importNames())?.ENGINES;

async function importNames(): Promise<typeof import('@edm2/engine/names') | undefined> {
  try {
    return await import('@edm2/engine/names');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** @throws {RangeError} (rejects) for a name that `@edm2/engine`, where it is installed, does not know; TypeError for what is no engine. */
export async function expectEngine(fn: string, choice: EngineChoice): Promise<void> {
  if (typeof choice !== 'string' && typeof choice?.backend !== 'string')
    throw new TypeError(
      `${fn}: expected engine to be a name or a started engine, got ${kindOf(choice)}. Pass 'auto', or what startOnnxRuntime() gives.`,
    );
  const names = typeof choice === 'string' ? await importNames() : undefined;
  if (names === undefined || choice === 'auto' || names.parseEngineName(choice as string)) return;
  throw new RangeError(
    `${fn}: expected engine auto, ${names.engineNamesOf(names.ENGINES).join(', ')}, got ${String(choice)}. Choose one of these.`,
  );
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';

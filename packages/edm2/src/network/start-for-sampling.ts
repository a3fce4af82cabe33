import { stat } from 'node:fs/promises';
import { type EngineName, type EngineReport, startEngine } from '@edm2/engine';
import { readSafetensors } from '@edm2/tensor-files';
import { sizeOf } from '@edm2/tfjs-jit/graph';

/** What computes. */
export interface EngineWish {
  readonly engine?: string | undefined;
  /** Of one call; default: the machine's cores. */
  readonly threads?: number | undefined;
}

/** Starts the engine asked for, or the one that suits sampling the network of this file. */
export async function startForSampling({ engine = 'auto', threads }: EngineWish, file?: string): Promise<EngineReport> {
  return startEngine(engine as EngineName, {
    ...(threads === undefined ? {} : { threads }),
    parameters: file === undefined ? 0 : await countStored(file),
    work: 'sampling',
  });
}

/** Bytes of a value in a published snapshot, which is float16. */
const PICKLED_BYTES = 2;

/** The numbers that a file stores: exact for safetensors, by the file's size for a pickle; 0 for what cannot be read, which the opener says. */
async function countStored(file: string): Promise<number> {
  try {
    if (file.endsWith('.pkl')) return Math.round((await stat(file)).size / PICKLED_BYTES);
    const stored = await readSafetensors(file);
    try {
      return [...stored.entries.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    } finally {
      await stored.close();
    }
  } catch {
    return 0;
  }
}

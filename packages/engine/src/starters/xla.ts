import { setBackend } from '@tensorflow/tfjs-core';
import type { Starter } from '../report.js';

/** Plugins of NVIDIA's two driver generations, the newer first. */
const CUDA = ['cuda13', 'cuda12'] as const;

/** XLA through a PJRT plugin that is here, the first or that of a kind of device. It chooses its threads itself. Not yet run on a GPU. */
export const startXlaEngine: Starter = async (threads, device) => {
  const { findPlugins, startXla } = await import('@edm2/tfjs-xla');
  const kinds: readonly (string | undefined)[] = device === 'cuda' ? CUDA : [device];
  const kind = kinds.find((its) => findPlugins().some((found) => found.kind === its)) ?? kinds[0];
  const engine = await startXla(kind === undefined ? {} : { plugin: kind });
  await setBackend(engine.backend);
  return {
    backend: engine.backend,
    threads,
    device: engine.platform === 'cpu' ? 'CPU' : engine.platform === 'cuda' ? 'GPU' : engine.platform.toUpperCase(),
    version: engine.version,
    engine,
  };
};

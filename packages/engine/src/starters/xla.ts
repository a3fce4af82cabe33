import { setBackend } from '@tensorflow/tfjs-core';
import type { Starter } from '../report.js';

/** XLA through a PJRT plugin that is here. It chooses its threads itself. Not yet run on a GPU. */
export const startXlaEngine: Starter = async (threads) => {
  const { startXla } = await import('@edm2/tfjs-xla');
  const engine = await startXla();
  await setBackend(engine.backend);
  return {
    backend: engine.backend,
    threads,
    device: engine.platform === 'cpu' ? 'CPU' : engine.platform === 'cuda' ? 'GPU' : engine.platform.toUpperCase(),
    version: engine.version,
    engine,
  };
};

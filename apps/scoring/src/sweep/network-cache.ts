import { rm } from 'node:fs/promises';
import type { EngineReport } from '@edm2/engine';
import { type OpenDenoiser, openDenoiser } from 'edm2/parts';

/** Networks that are open at once: the main and the guiding one, and the last before. */
const CAPACITY = 3;

/** Open networks; the longest unused makes room. */
export interface NetworkCache {
  /** @param make - makes the file where the network is not open yet; it is removed as soon as it is read. */
  open(path: string, make?: () => Promise<void>): Promise<OpenDenoiser>;
  dispose(): void;
}

/** Keeps compiled networks for points that share them. */
export function createNetworkCache(engine: EngineReport): NetworkCache {
  const open = new Map<string, OpenDenoiser>();
  return {
    async open(path, make) {
      const known = open.get(path) ?? (await (make ? openMade(path, make, engine) : openDenoiser(path, engine)));
      open.delete(path);
      open.set(path, known);
      const [[oldest, network] = []] = open;
      if (open.size > CAPACITY && oldest !== undefined) {
        network?.dispose();
        open.delete(oldest);
      }
      return known;
    },
    dispose() {
      for (const network of open.values()) network.dispose();
      open.clear();
    },
  };
}

async function openMade(path: string, make: () => Promise<void>, engine: EngineReport): Promise<OpenDenoiser> {
  await make();
  try {
    return await openDenoiser(path, engine);
  } finally {
    await rm(path, { force: true });
  }
}

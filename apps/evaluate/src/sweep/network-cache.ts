import { type OpenDenoiser, openDenoiser } from '@edm2/app-kit/sample/open-denoiser';
import type { EngineReport } from '@edm2/engine';

/** Networks that are open at once: the main and the guiding one, and the last before. */
const CAPACITY = 3;

/** Open networks; the longest unused makes room. */
export interface NetworkCache {
  open(path: string): Promise<OpenDenoiser>;
  dispose(): void;
}

/** Keeps compiled networks for points that share them. */
export function createNetworkCache(engine: EngineReport): NetworkCache {
  const open = new Map<string, OpenDenoiser>();
  return {
    async open(path) {
      const known = open.get(path) ?? (await openDenoiser(path, engine));
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

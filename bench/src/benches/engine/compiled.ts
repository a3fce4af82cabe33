import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { attempt } from '../../attempt.js';
import type { Work } from '../../nets.js';
import type { Peer } from '../../peer.js';
import { hasPyTorch, SCRATCH, startPyTorch } from '../../places.js';
import { type PyTorchSideOptions, pytorch, type Side } from '../sides.js';

/** torch.compile takes minutes: one process does it for all rows, from an empty cache. */
export interface CompiledPyTorch {
  /** The side of a comparison; its process is shared and closed with this. */
  side(options?: Omit<PyTorchSideOptions, 'compile' | 'peer'>): Side;
  /** Seconds from starting the process to the end of the first step; only before anything else has started it. */
  first(work: Work): Promise<number | string>;
  close(): void;
}

/** Seconds: longer than twice what it took where it was first measured. */
const PATIENCE = 480;

/** @param options - what every use of it shares, such as the device. */
export function compiledPyTorch(shared: PyTorchSideOptions = {}): CompiledPyTorch {
  let peer: Peer | undefined;
  let folder: string | undefined;
  const start = (): Peer | undefined => {
    if (peer !== undefined || !hasPyTorch()) return peer;
    mkdirSync(SCRATCH, { recursive: true });
    folder = mkdtempSync(join(SCRATCH, 'compile-'));
    peer = startPyTorch({ compiledIn: folder, patience: PATIENCE });
    return peer;
  };
  return {
    side: (options = {}) => pytorch({ ...shared, ...options, compile: true, peer: start() }),
    first: (work) =>
      attempt(async () => {
        if (peer !== undefined) throw new Error('expected a fresh process, got one that has compiled already');
        const begun = performance.now();
        const side = pytorch({ ...shared, compile: true, peer: start() });
        if (side.peer === undefined) throw new Error('not installed');
        await side.peer.ask(side.job('first', work));
        return (performance.now() - begun) / 1000;
      }),
    close() {
      peer?.close();
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

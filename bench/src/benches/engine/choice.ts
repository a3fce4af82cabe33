import { attempt } from '../../attempt.js';
import type { Work } from '../../nets.js';
import { startOurs } from '../../places.js';

/** Engines that compile, in the order of their rows. */
export const ENGINES = ['libtensorflow', 'onnxruntime'] as const;

const known = new Map<Work['net'], Promise<{ engine: string; parameters: number }>>();

/** The engine that `startEngine('auto')` takes for a work's network here, and how many parameters that has. */
export function choice({ net }: Work): Promise<{ engine: string; parameters: number }> {
  const before = known.get(net);
  if (before) return before;
  const asked = ask(net);
  known.set(net, asked);
  return asked;
}

async function ask(net: Work['net']): Promise<{ engine: string; parameters: number }> {
  const peer = startOurs();
  try {
    const answer = await attempt(() => peer.ask({ work: 'choice', net }));
    if (typeof answer === 'string') return { engine: 'none', parameters: Number.NaN };
    return { engine: String(answer['engine']), parameters: Number(answer['parameters']) };
  } finally {
    peer.close();
  }
}

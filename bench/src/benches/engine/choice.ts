import { attempt } from '../../attempt.js';
import type { Work } from '../../nets.js';
import { startOurs } from '../../places.js';
import type { Kind } from '../sides.js';

/** Engines that compile, in the order of their rows. */
export const ENGINES = ['libtensorflow', 'onnxruntime'] as const;

const known = new Map<string, Promise<Choice>>();

interface Choice {
  readonly engine: string;
  readonly parameters: number;
}

/** The engine that `startEngine('auto')` takes for such work on a network here, and how many parameters that has. */
export function choice({ net }: Work, kind: Kind = 'step'): Promise<Choice> {
  const key = JSON.stringify([net, kind]);
  const before = known.get(key);
  if (before) return before;
  const asked = ask(net, kind === 'step' ? 'training' : 'sampling');
  known.set(key, asked);
  return asked;
}

async function ask(net: Work['net'], use: string): Promise<Choice> {
  const peer = startOurs();
  try {
    const answer = await attempt(() => peer.ask({ work: 'choice', net, use }));
    if (typeof answer === 'string') return { engine: 'none', parameters: Number.NaN };
    return { engine: String(answer['engine']), parameters: Number(answer['parameters']) };
  } finally {
    peer.close();
  }
}

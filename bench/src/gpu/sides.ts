import { type Peer, startPeer } from '../peer.js';
import { PART, python } from './home.js';
import type { PartOptions } from './part.js';
import type { Precision } from './plan.js';

/** Where the work is done. */
export interface Place {
  readonly device: 'gpu' | 'cpu';
  readonly plugin: string;
  /** A Python that has JAX and PyTorch. */
  readonly python: string;
}

/** A process that times a network in its own way. */
export interface Side {
  readonly name: string;
  readonly peer: Peer;
  /** Net options as it spells them. */
  readonly spelling: 'ours' | 'python';
}

/** Command of a part of ours. */
export const partCommand = (options: Partial<PartOptions>): { command: string; args: string[] } => ({
  command: process.execPath,
  args: ['--max-old-space-size=16384', PART, JSON.stringify(options)],
});

/** All sides of a contest, each in a process that has begun to start. */
export function startSides({ device, plugin, python: command }: Place, precision: Precision): Side[] {
  const other = (name: string, file: string, more: readonly string[] = []): Side => ({
    name,
    peer: startPeer({ command, args: ['-B', file, '--device', device, ...more] }),
    spelling: 'python',
  });
  const torch = python('pytorch', 'device_server.py');
  return [
    { name: 'ours', peer: startPeer(partCommand({ part: 'serve', plugin, precision })), spelling: 'ours' },
    other('JAX', python('jax', 'server.py')),
    other('PyTorch eager', torch),
    other('PyTorch compile', torch, ['--compile']),
  ];
}

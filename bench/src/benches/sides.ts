import { toPython, type Work } from '../nets.js';
import type { Peer } from '../peer.js';
import { hasPyTorch, startOurs, startPyTorch } from '../places.js';
import type { Contestant } from '../take-turns.js';

/** What is timed: a whole training step, or D(x; σ) with constant weights. */
export type Kind = 'step' | 'forward';

/** Types that convolutions and matrix products compute in. */
export type Precision = 'float32' | 'bfloat16' | 'float16';

/** A side of a comparison: a process that does a network's work in its own way. */
export interface Side {
  readonly name: string;
  /** Undefined when it is not installed. */
  readonly peer: Peer | undefined;
  /** The job that does the work. */
  job(kind: Kind | 'first', work: Work): Readonly<Record<string, unknown>>;
}

/** Settings of our side. */
export interface OurOptions {
  readonly precision?: Precision;
  readonly threads?: number;
  readonly device?: string;
  readonly spinning?: boolean;
}

/** Our side on an engine of ours or of TensorFlow.js. */
export const ours = (engine: string, options: OurOptions = {}): Side => ({
  name: engine,
  peer: startOurs(),
  job: (kind, { net, batch }) => ({ work: kind, net, batch, engine, ...options }),
});

/** Settings of PyTorch's side. */
export interface PyTorchSideOptions {
  readonly compile?: boolean;
  readonly precision?: Precision;
  readonly threads?: number;
  readonly device?: string;
  /** A process that is started already. */
  readonly peer?: Peer | undefined;
}

/** PyTorch's side: eager, compiled, or under autocast. */
export function pytorch({
  compile = false,
  precision = 'float32',
  threads,
  device = 'cpu',
  peer = hasPyTorch() ? startPyTorch(threads === undefined ? {} : { threads }) : undefined,
}: PyTorchSideOptions = {}): Side {
  const autocast = precision === 'float32' ? null : precision;
  // As PyTorch's manual has it for tensor cores. On a CPU NCHW is quicker.
  const channelsLast = autocast !== null && device !== 'cpu';
  return {
    name: ['PyTorch', compile ? 'compile' : 'eager', autocast === null ? '' : `autocast ${autocast}`]
      .filter(Boolean)
      .join(' '),
    peer,
    job: (kind, { net, batch }) => ({ work: kind, net: toPython(net), batch, compile, autocast, channelsLast, device }),
  };
}

/** The side at this work, for `takeTurns`. */
export const contestant = ({ peer, job }: Side, kind: Kind, work: Work): Contestant | undefined =>
  peer && { measure: async (runs) => (await peer.ask({ ...job(kind, work), runs }))['ms'] as number[] };

/** Most that the side's process ever had resident, in MiB. */
export const resident = async ({ peer }: Side): Promise<number> => {
  if (peer === undefined) throw new Error('not installed');
  return (await peer.ask({ work: 'held' }))['maxRss'] as number;
};

/** Ends the sides' processes. */
export const close = (sides: readonly Side[]): void => {
  for (const { peer } of sides) peer?.close();
};

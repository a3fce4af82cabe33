import { countFlops, createUNet } from '@edm2/edm2-unet';
import { attempt } from '../attempt.js';
import { toPython } from '../nets.js';
import { peakOf } from './peaks.js';
import type { Contest, Plan } from './plan.js';
import type { Measured, TimingRow } from './results.js';
import { type Place, type Side, startSides } from './sides.js';

type Kind = TimingRow['kind'];

/** Seconds that nothing is begun in any more. */
const LEAST = 5;
/** A step is a forward pass and two of the same size backward. */
const PASSES: Readonly<Record<Kind, number>> = { step: 3, forward: 1 };

/**
 * Times one network in one precision on all sides, at growing batches, until the time is up. All compile at once, then they take
 * turns on the device. A side that fails says why and is left out of what comes after.
 *
 * @param deadline - of `performance.now()`.
 */
export async function* contest(
  { name, net, precision, batches }: Contest,
  { rounds, runs }: Pick<Plan, 'rounds' | 'runs'>,
  place: Place,
  deadline: number,
): AsyncGenerator<TimingRow> {
  const left = (): number => (deadline - performance.now()) / 1000;
  let sides = startSides(place, precision);
  const flops = 2 * countFlops(createUNet(net)).multiplyAdds.total;
  try {
    for (const batch of batches)
      for (const kind of ['step', 'forward'] as const) {
        const row = { net: name, precision, kind, batch };
        if (left() < LEAST) {
          yield { ...row, sides: {}, note: 'no time left' };
          continue;
        }
        const measured: Record<string, Measured> = {};
        const device = { name: '' };
        const prepared = await Promise.all(
          sides.map(async (side) => {
            const made = await attempt(() => prepare(side, { kind, net, batch, precision }, left(), device));
            if (typeof made === 'string') measured[side.name] = { note: made };
            return typeof made === 'string' ? undefined : { side, ...made };
          }),
        );
        const ready = prepared.filter((made) => made !== undefined);
        const turns = new Map<string, Answer[]>();
        for (let round = 0; round < rounds && (round === 0 || left() > LEAST); round++)
          for (const { side } of ready) {
            const made = await attempt(() => within(side.peer.ask({ work: 'measure', runs }), left() + LEAST));
            if (typeof made === 'string') measured[side.name] = { note: made };
            else turns.set(side.name, [...(turns.get(side.name) ?? []), made as unknown as Answer]);
          }
        for (const { side, seconds } of ready) {
          const answers = turns.get(side.name);
          if (answers === undefined || measured[side.name]) continue;
          const ms = median(answers.map((answer) => answer.ms));
          const teraflops = (PASSES[kind] * flops * batch) / ms / 1e9;
          const most = peakOf(device.name, precision);
          const last = answers.at(-1);
          measured[side.name] = {
            ms,
            teraflops,
            ...(most !== undefined && { share: teraflops / most }),
            ...(last?.peak !== undefined && last.peak !== null && { bytes: last.peak }),
            ...(last?.host !== undefined && { host: last.host }),
            ...(last?.idle !== undefined && { idle: Math.max(...answers.map((answer) => answer.idle ?? 0)) }),
            seconds,
          };
        }
        yield { ...row, sides: measured };
        // What did not fit, or took too long, does not at a larger batch either.
        sides = sides.filter((side) => {
          const { note } = measured[side.name] ?? {};
          if (note !== undefined && kind === 'step') side.peer.close();
          return note === undefined || kind === 'forward';
        });
      }
  } finally {
    for (const { peer } of sides) peer.close();
  }
}

interface Answer {
  readonly ms: number;
  readonly peak?: number | null;
  readonly host?: number;
  readonly idle?: number;
}

async function prepare(
  { peer, spelling }: Side,
  { net, ...job }: Pick<Contest, 'net' | 'precision'> & { readonly kind: Kind; readonly batch: number },
  seconds: number,
  device: { name: string },
): Promise<{ readonly seconds: number }> {
  const { device: found } = await within(peer.ask({ work: 'info' }), seconds);
  if (spelling === 'ours') device.name = String(found);
  const given = { ...job, net: spelling === 'ours' ? net : toPython(net) };
  return (await within(peer.ask({ work: 'prepare', ...given }), seconds)) as { seconds: number };
}

/** @throws {Error} when it takes longer. */
async function within<T>(work: Promise<T>, seconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not ready within ${Math.round(seconds)} s`)), seconds * 1000);
  });
  // Whoever answers later answers nobody.
  work.catch(() => {});
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

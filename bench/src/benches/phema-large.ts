import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { attempt } from '../attempt.js';
import { HUNDRED } from '../nets.js';
import { hasPyTorch, SCRATCH } from '../places.js';
import { makeRow, type Row } from '../row.js';
import { type StoredRun, storeRun } from '../snapshots.js';
import { summarize } from '../statistics.js';
import { type Contestant, takeTurns } from '../take-turns.js';
import { inPython, type PythonWay, type Reconstruction, reconstructOnce, sameResults, title } from './phema-sides.js';

const MOMENTS = 32; // of two lengths each
const MAX_ROUNDS = 3; // a round is half a minute
const ROOM = 16e9; // bytes: 12.9 GB of snapshots, and results of both sides

const WAYS: readonly (readonly [PythonWay, string])[] = [
  ['pytorch', 'PyTorch, file by file'],
  ['by tensor', 'PyTorch, tensor by tensor'],
];

/** 64 snapshots of 100 M parameters in float16: speed and memory against PyTorch's two ways, and against holding them all. */
export async function* largeRows(rounds: number): AsyncGenerator<Row, void, undefined> {
  const work = `${HUNDRED.title}, ${2 * MOMENTS} snapshots, float16`;
  const { bavail, bsize } = statfsSync(SCRATCH);
  if (bavail * bsize < ROOM) {
    yield makeRow({ work, peer: WAYS[0]?.[1] ?? '', ours: 'no 16 GB of disk', theirs: 'no 16 GB of disk', unit: 's' });
    return;
  }
  const run = await storeRun(join(SCRATCH, 'large'), HUNDRED, MOMENTS, 'F16');
  const mine = watched(() => reconstructOnce(run));
  const theirs = WAYS.map(([way]) => watched(() => inPython(run, way)));
  const turns = { rounds: Math.min(rounds, MAX_ROUNDS), runs: 1 };
  const python = theirs.map(({ contestant }) => (hasPyTorch() ? contestant : undefined));
  const [ours = '', ...others] = await takeTurns([mine.contestant, ...python], turns);
  const agreed = hasPyTorch() ? await attempt(() => sameResults(run, 'by tensor')) : '';
  for (const [i, [, peer]] of WAYS.entries())
    yield makeRow({
      work: `${title(run)}, float16`,
      peer,
      ours,
      theirs: others[i] ?? '',
      unit: 's',
      goal: { ratio: 2 },
      note: agreed,
    });
  const held = (side: Watched) => (side.peaks.length > 0 ? summarize(side.peaks) : 'not measured');
  const memory = (peer: string, other: Parameters<typeof makeRow>[0]['theirs'], note = '', goal?: { ratio: number }) =>
    makeRow({
      work: `${title(run)}: largest resident set`,
      peer,
      ours: held(mine),
      theirs: other,
      unit: 'MiB',
      note,
      goal,
    });
  for (const [i, [, peer]] of WAYS.entries())
    yield memory(peer, held(theirs[i] as Watched), i === 1 ? 'the files’ mapped pages count' : '', { ratio: 10 });
  yield memory('all snapshots in float32', summarize([stackSize(run)]), 'by their size', { ratio: 10 });
}

interface Watched {
  readonly contestant: Contestant;
  /** Largest resident sets, in MiB. */
  readonly peaks: number[];
}

function watched(once: () => Promise<Reconstruction>): Watched {
  const peaks: number[] = [];
  const measure = async () => {
    const { ms, maxRss } = await once();
    peaks.push(maxRss);
    return [ms / 1000];
  };
  return { contestant: { measure }, peaks };
}

/** Float32 takes twice what the files do. */
const stackSize = ({ bytes }: StoredRun): number => (2 * bytes) / 2 ** 20;

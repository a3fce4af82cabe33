import { setTimeout as sleep } from 'node:timers/promises';
import { attempt } from '../attempt.js';
import { usedGpuMemory } from '../gpu-memory.js';
import type { Work } from '../nets.js';
import { makeRow, type Row } from '../row.js';
import { type Summary, summarize } from '../statistics.js';
import { label } from './engine/compare.js';
import { cudaDevice, ours, type Precision, pytorch, resident, type Side } from './sides.js';

const RUNS = 3;
const RELEASE = 3000; // ms that a driver may take to free what an ended process held

/**
 * Memory that a step takes, each side alone: on a GPU what is in use there after a few steps beyond before, since neither
 * side's pool gives back; on the CPU the largest resident set.
 */
export async function* gpuPeaks(work: Work, precisions: readonly Precision[], device: string): AsyncGenerator<Row> {
  for (const precision of precisions) {
    const mine = await peak(() => ours('libtensorflow', { precision, device }), work, device);
    const other = await peak(() => pytorch({ precision, device: cudaDevice(device) }), work, device);
    yield makeRow({
      work: `libtensorflow: ${device === 'cpu' ? 'largest resident set' : 'GPU memory'}, ${label('step', work)}, ${precision}`,
      peer: precision === 'float32' ? 'PyTorch eager' : `PyTorch eager autocast ${precision}`,
      ours: mine,
      theirs: other,
      unit: 'MiB',
    });
  }
}

async function peak(start: () => Side, work: Work, device: string): Promise<Summary | string> {
  const used = (): number => (device === 'cpu' ? 0 : usedGpuMemory(indexOf(device)));
  return attempt(async () => {
    const before = used();
    const side = start();
    try {
      if (side.peer === undefined) throw new Error('not installed');
      await side.peer.ask({ ...side.job('step', work), runs: RUNS });
      return summarize([device === 'cpu' ? await resident(side) : used() - before]);
    } finally {
      side.peer?.close();
      if (device !== 'cpu') await sleep(RELEASE);
    }
  });
}

/** Of `gpu:1`; 0 of `gpu`. */
export const indexOf = (device: string): number => Number(/:(\d+)$/.exec(device)?.[1] ?? 0);

import { presets } from '@edm2/edm2-unet';
import { LARGE, MAIN, TINY, type Work, XS } from '../nets.js';
import { startOurs } from '../places.js';
import type { Row } from '../row.js';
import type { Bench } from './bench.js';
import { compare } from './engine/compare.js';
import { compiledPyTorch } from './engine/compiled.js';
import { gpuPeaks } from './gpu-peaks.js';
import { cudaDevice, type Kind, ours, type Precision, pytorch } from './sides.js';

/** A rung of the ladder of sizes. */
interface Rung {
  readonly work: Work;
  readonly kind?: Kind;
  /** Runs of a turn. */
  readonly runs: number;
  /** Whether torch.compile takes part: minutes for each network and precision. */
  readonly compile?: boolean;
}

const S: Work = { title: 'img64-s, 280 M', net: presets['img64-s'].unet, batch: 16 };

const RUNGS: Readonly<Record<string, Rung>> = {
  tiny: { work: TINY, runs: 20, compile: true },
  main: { work: MAIN, runs: 10 },
  large: { work: { ...LARGE, batch: 64 }, runs: 10, compile: true },
  xs: { work: { ...XS, batch: 32 }, runs: 4, compile: true },
  s: { work: S, runs: 3 },
  forward: { work: { ...LARGE, batch: 64 }, kind: 'forward', runs: 20 },
  'forward-tiny': { work: TINY, kind: 'forward', runs: 20 },
};

const PRECISIONS: readonly Precision[] = ['float32', 'bfloat16', 'float16'];

/** libtensorflow on a GPU against PyTorch on the same: eager, compiled and under autocast. Not yet measured on a GPU. */
export const gpu: Bench = {
  name: 'gpu',
  title: 'Engines on a GPU',
  parts: Object.keys(RUNGS),
  async obstacle(device) {
    const peer = startOurs();
    try {
      await peer.ask({ work: 'start', engine: 'libtensorflow', device });
      return undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return `expected a CUDA device that answers to libtensorflow, got: ${reason.split('\n', 1)[0]}`;
    } finally {
      peer.close();
    }
  },
  async *rows({ rounds, wants, device }) {
    for (const [name, rung] of Object.entries(RUNGS)) {
      if (!wants(name)) continue;
      for (const precision of PRECISIONS) yield* climb(rung, precision, rounds, device);
      if (rung.kind !== 'forward') yield* gpuPeaks(rung.work, PRECISIONS, device);
    }
  },
};

async function* climb(
  { work, kind = 'step', runs, compile }: Rung,
  precision: Precision,
  rounds: number,
  device: string,
): AsyncGenerator<Row> {
  const theirs = { precision, device: cudaDevice(device) };
  const compiled = compiledPyTorch(theirs);
  try {
    yield* compare({
      kind,
      work,
      ours: [ours('libtensorflow', { precision, device })],
      theirs: [{ side: pytorch(theirs) }, ...(compile ? [{ side: compiled.side(), owned: false }] : [])],
      judged: '',
      turns: { rounds, runs },
      detail: `, ${precision}, ${device}`,
    });
  } finally {
    compiled.close();
  }
}

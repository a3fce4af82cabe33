import { access, copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashes } from '../files.js';
import type { Subject } from '../subject.js';
import { ENGINE, EVALUATE, GOLDEN } from './places.js';

/** Snapshots of a run, and what scores their images, of random weights. */
async function prepareRun(folder: string): Promise<void> {
  const { writeRun } = await import('../../../../apps/evaluate/src/run.fixture.js');
  await writeRun(folder);
}

const SCORED = ['--features', 'classifier.safetensors', '--ref', 'reference.safetensors', '--metrics', 'fd'];
const SWEEP = [
  ...['--sigma-rel', '0.06,0.1', '--guidance', '1,2', '--guide-sigma-rel', '0.1', '--guide-t', '1Ki'],
  ...['--refine', '1', '--num', '12', '--steps', '4', '--batch', '12'],
];

/** `edm2-evaluate sweep`: the same command goes on. */
export const sweep: Subject = {
  name: 'sweep',
  locks: true,
  input: 'run/network-snapshot-0000001-0.100.safetensors',
  prepare: prepareRun,
  start: async (_, dest) => ({
    script: EVALUATE,
    args: ['sweep', '--indir', 'run', ...SCORED, ...SWEEP, ...ENGINE, '--outdir', dest],
  }),
  async results(folder, dest) {
    const at = join(folder, dest);
    const found = await hashes(at, (name) => name === 'best.png');
    const lines = (await readFile(join(at, 'scores.jsonl'), 'utf8')).trim().split('\n');
    const scores = lines.map((line) => JSON.stringify({ ...JSON.parse(line), seconds: 0 }));
    found.set('scores.jsonl', scores.sort().join('\n'));
    found.set('sweep.json', JSON.stringify(JSON.parse(await readFile(join(at, 'sweep.json'), 'utf8')).results));
    return found;
  },
};

/** `edm2-evaluate reconstruct`: begins again with what is not there. */
export const reconstruct: Subject = {
  name: 'reconstruct',
  locks: false,
  input: 'run/network-snapshot-0000002-0.050.safetensors',
  prepare: prepareRun,
  start: async (_, dest) => ({
    script: EVALUATE,
    args: ['reconstruct', '--indir', 'run', '--outstd', '0.05,0.06,...,0.20', '--skip', '--outdir', dest],
  }),
  results: (folder, dest) => hashes(join(folder, dest), (name) => name.endsWith('.safetensors')),
};

const SNAPSHOT = 'edm2-tiny-rgb-0000262-0.050.pkl';

/** `edm2-evaluate convert`: a file that is there is whole. */
export const convert: Subject = {
  name: 'convert',
  locks: false,
  input: SNAPSHOT,
  async prepare(folder) {
    await copyFile(join(GOLDEN, SNAPSHOT), join(folder, SNAPSHOT));
  },
  async start(folder, dest) {
    const output = join(dest, 'network.safetensors');
    const there = await access(join(folder, output)).then(
      () => true,
      () => false,
    );
    return { script: EVALUATE, args: ['convert', SNAPSHOT, '--output', output, ...(there ? ['--overwrite'] : [])] };
  },
  results: (folder, dest) => hashes(join(folder, dest), () => true),
};

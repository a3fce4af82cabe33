import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashes } from '../files.js';
import type { Invocation, Subject } from '../subject.js';
import { writeImages } from './images.js';
import { ENGINE, TRAIN } from './places.js';

/** A training of some seconds: 4×4 pictures, twelve steps, three checkpoints, a preview, magnitudes. */
const OPTIONS = [
  ...['--duration', '3000', '--batch', '250', '--checkpoint', '1000', '--snapshot', '1000', '--status', '500'],
  ...['--preview', '3000', '--attn-resolutions', 'none', '--dropout', '0.1', '--magnitudes'],
];

/** Fields of the log that times do not decide. */
const SAME = ['nimg', 'loss', 'learningRate'];

/** `edm2-train`: from the second start on with nothing but its folder. */
export const train: Subject = {
  name: 'train',
  locks: true,
  input: 'images/class1/0003.png',
  prepare: (folder) => writeImages(join(folder, 'images'), { count: 24, side: 4 }),
  async start(folder, dest): Promise<Invocation> {
    const begun = await access(join(folder, dest, 'config.json')).then(
      () => true,
      () => false,
    );
    const args = begun ? ['--resume', '--outdir', dest] : ['--data', 'images', ...OPTIONS, ...ENGINE, '--outdir', dest];
    return { script: TRAIN, args };
  },
  async results(folder, dest) {
    const at = join(folder, dest);
    const found = await hashes(at, (name) =>
      /\.safetensors$|\.png$|^config\.json$|^data\.jsonl$|^magnitudes/.test(name),
    );
    found.set('log.jsonl', await sameOfLog(join(at, 'log.jsonl')));
    return found;
  },
};

/** What of a log is the same whenever the training is. */
async function sameOfLog(path: string): Promise<string> {
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.stringify(SAME.map((key) => JSON.parse(line)[key]))).join('\n');
}

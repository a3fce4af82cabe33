import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashes } from '../files.js';
import type { Subject } from '../subject.js';
import { ENGINE, TRAIN } from './places.js';

/** One config, a thousand digits: the classifier, the training, the averages, the scores and the picture. */
const OPTIONS = ['--smoke', '--images', '1000', '--channels', '4', '--configs', 'C', '--draws', '1'];

/** `edm2-train ladder`: the same command goes on. */
export const ladder: Subject = {
  name: 'ladder',
  locks: true,
  prepare: async () => {},
  start: async (_, dest) => ({ script: TRAIN, args: ['ladder', ...OPTIONS, ...ENGINE, '--outdir', dest] }),
  async results(folder, dest) {
    const at = join(folder, dest);
    const found = await hashes(at, (name) => /\.safetensors$|scores\.jsonl$|^C\/.*\.png$|magnitudes/.test(name));
    const { rungs } = JSON.parse(await readFile(join(at, 'ladder.json'), 'utf8'));
    // Seconds are a training's own.
    found.set(
      'ladder.json',
      JSON.stringify(rungs, (key, value) => (/seconds/i.test(key) ? undefined : value)),
    );
    return found;
  },
};

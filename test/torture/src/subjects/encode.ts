import { access, cp } from 'node:fs/promises';
import { join } from 'node:path';
import { hashes } from '../files.js';
import type { Subject } from '../subject.js';
import { writeImages } from './images.js';
import { DATASET, ENGINE, GOLDEN } from './places.js';

/** `edm2-dataset encode` to a zip or a folder: the same command goes on; what is done is there and is not done again. */
const encodeTo = (name: string, end: string): Subject => ({
  name,
  locks: true,
  input: 'images/class1/0007.png',
  async prepare(folder) {
    await writeImages(join(folder, 'images'), { count: 12, side: 32, channels: 3 });
    await cp(join(GOLDEN, 'vae-tiny'), join(folder, 'vae-tiny'), { recursive: true });
  },
  async start(folder, dest) {
    const output = join(dest, `latents${end}`);
    const there = (path: string): Promise<boolean> =>
      access(join(folder, path)).then(
        () => true,
        () => false,
      );
    const untidy = (await there(`${output}.partial`)) || (await there(join(output, 'settings.json')));
    const done = (await there(output)) && !untidy;
    const [command, ...args] = done
      ? ['info', output]
      : ['encode', '--source', 'images', '--dest', output, '--vae', 'vae-tiny', '--batch', '2', ...ENGINE];
    return { script: DATASET, args: [command ?? '', ...args] };
  },
  results: (folder, dest) => hashes(join(folder, dest), () => true),
});

export const encode = encodeTo('encode', '.zip');
export const encodeFolder = encodeTo('encode to a folder', '');

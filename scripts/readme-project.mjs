// The project of somebody who follows a package's README: its install lines are the dependencies, its ts and js blocks the program.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { root } from './bootstrap.mjs';

/** Versions that a stranger would get for the names that install lines mention. */
const VERSIONS = { sharp: '^0.35.0' };
const TFJS = '^4.22.0';

/** The range of a package that is no part of this repository; no tag such as `latest`, which `npm ls` calls invalid. */
export const versionFor = (name) => VERSIONS[name] ?? (name.startsWith('@tensorflow/') ? TFJS : '*');

/** By the folder of the README: programs that need more than npm gives: only their imports are run here, the rest in the package's own tests. */
const NEEDS_MORE = {
  'tfjs-libtensorflow': "TensorFlow's C library",
  'tfjs-xla': 'a PJRT plugin',
};

/** Files of this repository that a program finds beside it, under the names that it gives: what a reader would have downloaded or made. */
const BESIDE = {
  'tfjs-jit': { 'face-detection': 'test/golden/face-detection-short' },
  'latent-vae': { 'sd-vae-ft-mse': 'test/golden/vae-tiny', 'latents.zip': 'test/golden/dataset-tiny-sd.zip' },
};

/**
 * Writes the project.
 *
 * @param readme - path of the README.
 * @param folder - where to; made.
 * @returns the folder's name.
 */
export function readmeProject(readme, folder) {
  const text = readFileSync(readme, 'utf8');
  const owner = basename(dirname(readme));
  const blocks = (...languages) =>
    [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
      .filter(([, language]) => languages.includes(language))
      .map(([, , code]) => code);
  const names = blocks('sh')
    .flatMap((code) => code.split('\n'))
    .filter((line) => /^(?:[A-Z_]+=\S+ )*npm install /.test(line))
    .flatMap((line) => line.replace(/\s#.*/, '').trim().split(/\s+/))
    .filter((word) => !/^(npm|install)$|=/.test(word));
  mkdirSync(folder, { recursive: true });
  for (const [to, from] of Object.entries(BESIDE[owner] ?? {}))
    cpSync(join(root, from), join(folder, to), { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      name: basename(folder),
      private: true,
      type: 'module',
      scripts: { start: 'node main.js' },
      dependencies: Object.fromEntries(names.map((name) => [name, versionFor(name)])),
    }),
  );
  const typed = blocks('ts').length > 0;
  // A README without a program that can run here still has to install and load.
  const program = NEEDS_MORE[owner] ? '' : blocks('ts', 'js').join('');
  writeFileSync(
    join(folder, typed ? 'main.ts' : 'main.js'),
    `${program || names.map((name) => `import '${name}';\n`).join('')}\nexport {};\n`,
  );
  return basename(folder);
}

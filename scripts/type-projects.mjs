// Projects that hold one package each and use nothing but its types, compiled without skipLibCheck in every way that TypeScript resolves
// modules: a declaration that needs something which the package does not bring is an error in a stranger's project.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './bootstrap.mjs';

const MODES = {
  node16: { module: 'node16', files: ['main.mts', 'main.cts'] },
  nodenext: { module: 'nodenext', files: ['main.mts', 'main.cts'] },
  bundler: { module: 'esnext', moduleResolution: 'bundler', files: ['main.mts'] },
  // Knows no `exports`: it finds other doors than the first by `typesVersions`.
  commonjs: { module: 'commonjs', moduleResolution: 'node10', files: ['main.ts'] },
};

/**
 * Writes a project for each package.
 *
 * @param names - folders in packages/.
 * @param scratch - where to.
 * @param version - of a package that is no part of this repository.
 * @returns folder names.
 */
export function writeTypeProjects(names, scratch, version) {
  return names.map((name) => {
    const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
    const folder = `types-${name}`;
    mkdirSync(join(scratch, folder));
    const peers = Object.keys(manifest.peerDependencies ?? {});
    writeFileSync(
      join(scratch, folder, 'package.json'),
      JSON.stringify({
        name: folder,
        private: true,
        dependencies: { [manifest.name]: '*', ...Object.fromEntries(peers.map((peer) => [peer, version(peer)])) },
      }),
    );
    const doors = Object.keys(manifest.exports).filter((door) => door !== './package.json');
    const program = doors
      .map((door, i) => `import * as x${i} from '${manifest.name}${door.slice(1)}';\nexport const y${i} = x${i};\n`)
      .join('');
    for (const file of ['main.mts', 'main.cts', 'main.ts']) writeFileSync(join(scratch, folder, file), program);
    return folder;
  });
}

/** Errors of the compiler in these projects and in our declarations; those of TensorFlow.js's own are not ours to mend. */
export function checkTypeProjects(scratch) {
  const folders = readdirSync(scratch).filter((name) => name.startsWith('types-'));
  return Object.entries(MODES).flatMap(([mode, { files, ...options }]) => {
    const config = join(scratch, `tsconfig.${mode}.json`);
    writeFileSync(
      config,
      JSON.stringify({
        compilerOptions: { noEmit: true, strict: true, target: 'ES2022', types: [], skipLibCheck: false, ...options },
        files: folders.flatMap((folder) => files.map((file) => `${folder}/${file}`)),
      }),
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', config], { cwd: scratch, encoding: 'utf8' });
    return stdout
      .split('\n')
      .filter((line) => /^\S.*error TS/.test(line))
      .filter((line) => /^types-|@edm2\/[^/]+\/dist/.test(line) || !line.includes('node_modules'))
      .map((line) => `${mode}: ${line}`);
  });
}

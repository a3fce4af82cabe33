import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** Layer and permitted workspace dependencies of each package: the table in ARCHITECTURE.md. */
const rows = readRows(readFileSync(new URL('../ARCHITECTURE.md', import.meta.url), 'utf8'));

/** Private code that several packages share: a development dependency that every build takes in, so that nobody installs it. */
const INTERNAL = ['@edm2/command', '@edm2/native', '@edm2/options', '@edm2/protobuf', '@edm2/wheels'];

/** Packages that a build takes in, so that whoever installs it does not install them: tfjs-node has an install script. */
const BUNDLED: Readonly<Record<string, readonly string[]>> = {
  'tfjs-libtensorflow': ['@tensorflow/tfjs-node'],
};

/** Files of another package that a build takes in by path: aliases for what moved uphill, until 1.0. */
const ALIASES: Readonly<Record<string, readonly string[]>> = { 'tfjs-jit': ['tfjs-onnx/src/to-onnx.js'] };

const folder = new URL('../packages/', import.meta.url);
const packages = readdirSync(folder).filter((name) => existsSync(new URL(`${name}/package.json`, folder)));
const manifest = (name: string) => JSON.parse(readFileSync(new URL(`${name}/package.json`, folder), 'utf8'));

test('every package and app has its row', () => {
  const apps = new URL('../apps/', import.meta.url);
  const names = readdirSync(apps).filter((name) => existsSync(new URL(`${name}/package.json`, apps)));
  expect([...rows.keys()].sort()).toEqual([...packages, ...names.map((name) => `apps/${name}`)].sort());
});

test.each(packages)('%s depends only downhill, and on what its row names', (name) => {
  const { dependencies = {}, peerDependencies = {}, optionalDependencies = {} } = manifest(name);
  const used = Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies })
    .filter((key) => key.startsWith('@edm2/'))
    .map((key) => key.slice('@edm2/'.length));
  const row = rows.get(name);
  expect(row?.dependencies).toEqual(expect.arrayContaining(used));
  for (const dependency of used) expect(rows.get(dependency)?.layer, dependency).toBeLessThan(row?.layer ?? -1);
});

test.each(packages)('%s keeps TensorFlow.js a peer and promises no side effects', (name) => {
  const { dependencies = {}, sideEffects, license } = manifest(name);
  // One copy of tfjs-core in a process: two copies split the engine.
  expect(Object.keys(dependencies)).not.toContain('@tensorflow/tfjs-core');
  expect(sideEffects).toBe(false);
  expect(license).toBe('Apache-2.0');
});

test.each(packages)('%s makes nobody install what is internal', (name) => {
  const { devDependencies: _, ...rest } = manifest(name);
  for (const internal of INTERNAL) expect(JSON.stringify(rest)).not.toContain(internal);
});

/** What several apps share. */
const SHARED = ['kit', 'scoring'];

/** The one that puts the others together. */
const FRONT = 'edm2';

test('apps share the kit and scoring, and import no other app', () => {
  const apps = new URL('../apps/', import.meta.url);
  const names = readdirSync(apps).filter((name) => existsSync(new URL(`${name}/package.json`, apps)));
  const known = names.map((name) => `@edm2/${name}`);
  expect(names).toEqual(expect.arrayContaining(SHARED));
  const { dependencies: ofKit } = JSON.parse(readFileSync(new URL('kit/package.json', apps), 'utf8'));
  expect(Object.keys(ofKit)).not.toContain('@edm2/app-scoring');
  for (const name of names.filter((each) => each !== FRONT)) {
    const { dependencies } = JSON.parse(readFileSync(new URL(`${name}/package.json`, apps), 'utf8'));
    expect(Object.keys(dependencies).filter((key) => known.includes(key))).toEqual([]);
    for (const file of readdirSync(new URL(`${name}/src/`, apps), { recursive: true, encoding: 'utf8' }))
      if (file.endsWith('.ts') && !file.endsWith('.test.ts'))
        expect(readFileSync(new URL(`${name}/src/${file}`, apps), 'utf8'), file).not.toMatch(
          new RegExp(`from '(\\.\\./)+(${names.filter((other) => other !== name).join('|')})/src`),
        );
  }
});

test('the lockfile holds one tfjs-core', () => {
  const lockfile = readFileSync(new URL('../pnpm-lock.yaml', import.meta.url), 'utf8');
  const versions = new Set([...lockfile.matchAll(/@tensorflow\/tfjs-core@(\d[\w.-]*)/g)].map(([, version]) => version));
  expect([...versions]).toEqual(['4.22.0']);
});

test.each(packages)('%s imports what its manifest lists', (name) => {
  const { dependencies = {}, peerDependencies = {}, optionalDependencies = {}, devDependencies = {} } = manifest(name);
  const listed = Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies }).concat(
    BUNDLED[name] ?? [],
    INTERNAL.filter((internal) => devDependencies[internal] !== undefined),
  );
  const sources = new URL(`${name}/src/`, folder);
  for (const file of readdirSync(sources, { recursive: true, encoding: 'utf8' })) {
    // Tests, and the fixtures that only tests import, may use anything in the workspace.
    if (!file.endsWith('.ts') || /\.test(-d)?\.ts$|golden|fixture|test-support|readme-example/.test(file)) continue;
    const text = readFileSync(new URL(file, sources), 'utf8');
    for (const [, named, dynamic] of text.matchAll(
      /^(?:import|export|\}).*? from '([^'.][^']*)'|\bimport\('([^'.][^']*)'\)/gm,
    )) {
      const specifier = named ?? dynamic ?? '';
      if (specifier.startsWith('node:')) continue;
      const target = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');
      if (target === `@edm2/${name}`) continue;
      expect(listed, `${name}/src/${file} imports ${specifier}`).toContain(target);
    }
  }
});

test.each(packages)('%s reaches into no other package but for its aliases', (name) => {
  const sources = new URL(`${name}/src/`, folder);
  const reached = readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/\.test(-d)?\.ts$|fixture|test-support/.test(file))
    .flatMap((file) =>
      [...readFileSync(new URL(file, sources), 'utf8').matchAll(/(?:from |import\()'(\.[^']*)'/g)]
        .map(([, path = '']) => new URL(path, new URL(file, sources)).href)
        .filter((target) => !target.startsWith(sources.href))
        .map((target) => target.slice(folder.href.length)),
    );
  expect(reached).toEqual(ALIASES[name] ?? []);
});

test('tfjs-jit knows no engine by name or format, but for the alias', () => {
  const sources = new URL('tfjs-jit/src/', folder);
  const naming = readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== 'index.ts')
    .filter((file) => {
      const code = readFileSync(new URL(file, sources), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      return /onnx|libtensorflow|xla|['"`]tensorflow['"`]/i.test(code);
    });
  expect(naming).toEqual([]);
});

function readRows(text: string): Map<string, { readonly layer: number; readonly dependencies: readonly string[] }> {
  const cells = [...text.matchAll(/^\| (\d) +\| `([\w/-]+)` *\|.*\| ([^|]*) \|$/gm)];
  return new Map(
    cells.map(([, layer = '', name = '', dependencies = '']) => [
      name,
      { layer: Number(layer), dependencies: dependencies.match(/[a-z][a-z0-9-]+/g) ?? [] },
    ]),
  );
}

// Tests that do not run against dist: they reach their own package's sources by path, and nothing of its dist; or hold numbers that others hold too.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { root } from './bootstrap.mjs';

/** They look at manifests, or bundle sources themselves; or read thousands of damaged files, which readers refuse alike once bundled. */
const OF_SOURCES = [
  'additions',
  'command',
  'dependencies',
  'fuzz/src/fuzz',
  'named-commands',
  'torture/src/torture',
].map((name) => `test/${name}.test.ts`);

/**
 * Numbers that bundling cannot change without changing those of other tests too, which do run against dist: every kernel once (kernel-cases), the
 * blocks, a network, its samples and its training (the golden files of unet-latent). Twice would take minutes.
 */
const OF_NUMBERS = [
  'packages/edm2-unet/src/ladder-golden',
  'packages/training/src/ladder.golden',
  'packages/sampler/src/golden-unet-rgb-uncond',
  ...['arguments', 'forgotten', 'kernels-elementwise', 'kernels-shape', 'kernels-window', 'optimizers'].map(inEngines),
  ...['precision', 'reading-passes', 'reference/check-passes', 'tails'].map(inEngines),
].map((name) => `${name}.test.ts`);

/** What only tests import: what it imports counts as theirs. */
const HELPER = /(fixture|test-support|readme-example)\.(js|ts)$/;

/** Paths of the tests that do not run against dist, from the root. */
export function sourceTests() {
  const packages = readdirSync(join(root, 'packages')).filter((name) =>
    existsSync(join(root, 'packages', name, 'src')),
  );
  const found = packages.flatMap((name) => {
    const sources = join(root, 'packages', name, 'src');
    return readdirSync(sources, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => join(sources, file))
      .filter((file) => !reachesDist(file, name));
  });
  return [
    ...OF_SOURCES,
    ...OF_NUMBERS,
    'internal/**',
    ...found.map((file) => relative(root, file).replaceAll('\\', '/')),
  ];
}

/** Whether a test imports its package by name, itself or through a helper, or runs a README, which does. */
function reachesDist(file, name, seen = new Set()) {
  if (seen.has(file) || !existsSync(file)) return false;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  const own = name === 'edm2' ? 'edm2' : `@edm2/${name}`;
  if (new RegExp(`'${own}(/[^']*)?'`).test(text) || text.includes('runMarkdown')) return true;
  return [...text.matchAll(/'(\.[^']*)'/g)]
    .map(([, path]) => path)
    .filter((path) => HELPER.test(path))
    .some((path) => reachesDist(resolve(dirname(file), path.replace(/\.js$/, '.ts')), name, seen));
}

/** A test of `test/engines`, by its name there. */
function inEngines(name) {
  return `test/engines/src/${name}`;
}

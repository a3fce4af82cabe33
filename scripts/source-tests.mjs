// Tests that are the same whether packages are built or not: they reach their own package's sources by path, and nothing of its dist.
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

/** What only tests import: what it imports counts as theirs. */
const HELPER = /(fixture|test-support|readme-example)\.(js|ts)$/;

/** Paths of those tests, from the root. */
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
  return [...OF_SOURCES, 'internal/**', ...found.map((file) => relative(root, file).replaceAll('\\', '/'))];
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

// `node test/mutations/run.mjs [name part]`: breaks a copy of the sources in one known way at a time and demands that a test notices.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const part = process.argv[2] ?? '';
const mutations = JSON.parse(readFileSync(join(here, 'mutations.json'), 'utf8')).filter(({ name }) =>
  name.includes(part),
);

const copy = mkdtempSync(join(tmpdir(), 'edm2-mutations-'));
const skipped = (path) => !/(^|\/)(node_modules|dist|runs|\.git|\.turbo|\.venv)$/.test(path);
for (const name of [
  'packages',
  'internal',
  'scripts',
  'test',
  'package.json',
  'pnpm-workspace.yaml',
  'tsconfig.base.json',
  'vitest.config.ts',
])
  cpSync(join(root, name), join(copy, name), { recursive: true, filter: skipped });
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
for (const group of ['packages', 'internal', 'test'])
  for (const folder of readdirSync(join(root, group)))
    if (existsSync(join(root, group, folder, 'node_modules'))) linkDependencies(join(group, folder));

const known = new Map();
let survived = 0;
try {
  for (const { name, file, find, replace, also = [], tests } of mutations) {
    const edits = [{ find, replace }, ...also];
    const path = join(copy, file);
    const original = readFileSync(path, 'utf8');
    const gone = edits.find((edit) => !original.includes(edit.find));
    if (gone) {
      console.log(
        `? ${name}: ${file} no longer holds ${JSON.stringify(gone.find)}. Bring test/mutations/mutations.json up to date.`,
      );
      survived++;
      continue;
    }
    writeFileSync(
      path,
      edits.reduce((text, edit) => text.replaceAll(edit.find, edit.replace), original),
    );
    const broken = runTests(tests);
    writeFileSync(path, original);
    // A test that fails as it stands notices nothing.
    const sound = soundness(tests).sound;
    const noticed = sound && broken.failed > 0;
    const why = noticed ? broken.first : sound ? 'no test noticed' : unsound(tests);
    console.log(`${noticed ? '✓' : '✗'} ${name} (${why})`);
    if (!noticed) survived++;
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`\n${mutations.length - survived} passed, ${survived} failed`);
process.exit(survived === 0 ? 0 : 1);

/** How many of the copy's tests fail, and the first that does. Files that cannot even be loaded count as none. */
function runTests(tests) {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const options = ['run', '--bail=1', '--reporter=json', `--outputFile.json=${report}`];
  spawnSync(join(root, 'node_modules/.bin/vitest'), [...options, ...tests], { cwd: copy, encoding: 'utf8' });
  const { testResults, numPassedTests } = JSON.parse(readFileSync(report, 'utf8'));
  const failed = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed'),
  );
  return { passed: numPassedTests, failed: failed.length, first: failed[0]?.fullName };
}

/** Whether the tests pass on the sources as they are, and the first that does not; asked once for each set of tests. */
function soundness(tests) {
  const key = tests.join(' ');
  if (!known.has(key)) {
    const { passed, failed, first } = runTests(tests);
    known.set(key, { sound: passed > 0 && failed === 0, first });
  }
  return known.get(key);
}

function unsound(tests) {
  return `${tests.join(' ')} without the mutation: ${soundness(tests).first ?? 'no test ran'}`;
}

/** The same node_modules, but workspace packages resolve inside the copy. */
function linkDependencies(folder) {
  const source = join(root, folder, 'node_modules');
  const target = join(copy, folder, 'node_modules');
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const names = entry.name.startsWith('@')
      ? readdirSync(join(source, entry.name)).map((name) => `${entry.name}/${name}`)
      : [entry.name];
    for (const name of names) {
      const folderOf = relative(root, realpathSync(join(source, name)));
      const isOurs = !folderOf.startsWith('..') && !folderOf.includes('node_modules');
      const from = isOurs ? join(copy, folderOf) : join(source, name);
      cpSync(join(source, '..', 'package.json'), join(copy, folder, 'package.json'));
      symlink(from, join(target, name));
    }
  }
}

function symlink(from, to) {
  spawnSync('mkdir', ['-p', dirname(to)]);
  symlinkSync(from, to);
}

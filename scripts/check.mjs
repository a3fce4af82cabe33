// `npm run check`: every check of the repository in one table, ended by the line "N passed, N failed". CI runs exactly this.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { bin, root, run } from './bootstrap.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-check-'));
const packages = readdirSync(join(root, 'packages')).map((name) => join('packages', name));

/** A check that passes or fails as a whole. */
const tool = (name, command, args) => async () => {
  const code = await run(command, args);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1, note: `${name} ended with exit code ${code}` };
};

/** The test suite, counted test by test; `built` runs it against dist. */
const suite = (built) => async () => {
  const report = join(scratch, `vitest-${built ? 'built' : 'source'}.json`);
  const code = await run(bin('vitest'), ['run', '--reporter=dot', '--reporter=json', `--outputFile.json=${report}`], {
    env: built ? { TEST_BUILT: '1' } : {},
  });
  try {
    const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
    // A file that could not be loaded counts no test of its own: it must still fail.
    const broken = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
    const failed = numFailedTests + broken;
    console.log(slowest(testResults));
    const said = failures(testResults);
    if (failed === 0 && code !== 0)
      said.push(`vitest ended with exit code ${code}: an error outside the tests, printed above`);
    return { passed: numPassedTests, failed: failed || (code === 0 ? 0 : 1), skipped: numPendingTests, said };
  } catch (error) {
    return { passed: 0, failed: 1, note: `no test report: ${error.message}` };
  }
};

/** The files that took longest: where to look when the whole takes too long. */
const slowest = (files) =>
  [...files]
    .map(({ name, startTime, endTime }) => ({ path: relative(root, name), seconds: (endTime - startTime) / 1000 }))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, 25)
    .map(({ path, seconds }) => `${seconds.toFixed(0).padStart(5)} s  ${path}`)
    .join('\n');

/** What failed and its first words: said again below the table, since a log of the whole is long. */
const failures = (files) =>
  files
    .filter((file) => file.status === 'failed')
    .flatMap((file) => {
      const tests = file.assertionResults.filter((test) => test.status === 'failed');
      const path = relative(root, file.name);
      if (tests.length === 0) return [`${path}\n    ${beginning(file.message ?? '')}`];
      return tests.map((test) => `${path} > ${test.fullName}\n    ${beginning(test.failureMessages.join('\n'))}`);
    });

const beginning = (message) => message.split('\n').slice(0, 8).join('\n    ').slice(0, 1500);

const perPackage = (command, argsOf) => async () => {
  const result = { passed: 0, failed: 0 };
  for (const folder of packages) {
    const code = await run(command, argsOf(folder));
    if (code === 0) result.passed++;
    else result.failed++;
  }
  return result;
};

/** Node.js that the rehearsal knows; this process's own needs no download. */
const rehearsed = ['20', '22', '24'];
const [major] = process.versions.node.split('.');

const stages = {
  lint: tool('biome', bin('biome'), ['check', '.']),
  versions: tool('sherif', bin('sherif'), ['--fail-on-warnings']),
  unused: tool('knip', bin('knip'), ['--no-progress', '--no-config-hints']),
  types: tool('tsc', bin('tsc'), ['--noEmit', '-p', 'tsconfig.json']),
  tests: suite(false),
  build: tool('turbo', bin('turbo'), ['run', 'build', '--log-order=grouped', '--output-logs=errors-only']),
  size: tool('size-limit', process.execPath, [join(root, 'scripts/sizes.mjs')]),
  examples: tool('examples', process.execPath, [join(root, 'scripts/examples.mjs')]),
  // Two packages, one of them with a command, as far as CI's time allows; `npm run release:rehearse` is the whole.
  rehearsal: tool('release:rehearse', process.execPath, [
    join(root, 'scripts/release-rehearse.mjs'),
    ...['--managers', 'npm', '--nodes', rehearsed.includes(major) ? major : '20', '--only', 'phema,sampler'],
  ]),
  'tests of dist': suite(true),
  publint: perPackage(bin('publint'), (folder) => ['--strict', folder]),
  'types of dist': perPackage(bin('attw'), (folder) => ['--pack', folder, '--profile', 'node16', '--quiet']),
};

const only = process.argv.slice(2);
const unknown = only.filter((name) => !(name in stages));
if (unknown.length > 0) {
  console.error(
    `check: expected ${Object.keys(stages).join(' | ')}, got ${unknown.join(' ')}. Name a listed check, or none for all.`,
  );
  process.exit(2);
}

const rows = [];
for (const [name, stage] of Object.entries(stages)) {
  if (only.length > 0 && !only.includes(name)) continue;
  console.log(`\n› ${name}`);
  const started = performance.now();
  rows.push({ name, ...(await stage()), seconds: (performance.now() - started) / 1000 });
}
rmSync(scratch, { recursive: true, force: true });

console.log('');
for (const { name, passed, failed, skipped = 0, seconds, note = '' } of rows)
  console.log(
    `${failed ? '✗' : '✓'} ${name.padEnd(14)} ${String(passed).padStart(5)} passed ${String(failed).padStart(3)} failed ${String(skipped).padStart(3)} skipped ${seconds.toFixed(0).padStart(5)} s  ${note}`,
  );
for (const { name, said = [] } of rows) for (const line of said) console.log(`\n✗ ${name}: ${line}`);
const passed = rows.reduce((sum, row) => sum + row.passed, 0);
const failed = rows.reduce((sum, row) => sum + row.failed, 0);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

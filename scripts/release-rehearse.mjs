// `npm run release:rehearse`: publishes every package, as built, to a registry on this machine, then installs each from there into an empty
// project as a stranger would: by npm, pnpm and yarn, and runs its README's example on Node.js 20, 22 and 24, as a module, through
// `require`, and compiled from TypeScript. What is asked for by a package and not brought is an error.
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './bootstrap.mjs';
import { readmeProject, versionFor } from './readme-project.mjs';

const USAGE = `npm run release:rehearse -- [--managers npm,pnpm,yarn] [--nodes 20,22,24] [--only PACKAGE,…] [--keep]

Exit codes: 0 everything installs and runs, 1 something does not, 2 wrong usage.`;
const YARN = '@yarnpkg/cli-dist@4.18.1';
const SCRATCH_VERSION = '0.0.0-rehearsal';

const { values } = (() => {
  const list = (text) => ({ type: 'string', default: text });
  try {
    return parseArgs({
      options: {
        managers: list('npm,pnpm,yarn'),
        nodes: list('20,22,24'),
        only: list(''),
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    return wrongUsage(error.message);
  }
})();
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'edm2-rehearsal-')));
const published = readdirSync(join(root, 'packages'))
  .filter((folder) => existsSync(join(root, 'packages', folder, 'package.json')))
  .map((folder) => ({
    folder,
    manifest: JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')),
  }))
  .filter(({ manifest }) => !manifest.private);
const managers = chosen('managers', ['npm', 'pnpm', 'yarn']);
const nodes = chosen('nodes', ['20', '22', '24']);
const only =
  values.only === ''
    ? published.map(({ folder }) => folder)
    : chosen(
        'only',
        published.map(({ folder }) => folder),
      );
/** What is published: those that are asked for, and ours that they ask for. */
const needed = withNeeds(only);
const unbuilt = needed.filter(
  ({ folder, manifest }) => manifest.main && !existsSync(join(root, 'packages', folder, manifest.main)),
);
if (unbuilt.length > 0)
  wrongUsage(
    `expected built packages, got no dist in ${unbuilt.map(({ folder }) => folder).join(', ')}. Run npm run build first.`,
  );
const failures = [];

let registry;
try {
  registry = await startRegistry();
  publish(registry);
  const binaries = Object.fromEntries(nodes.map((major) => [major, nodeBinary(major)]));
  for (const manager of managers) {
    for (const { folder, manifest } of published.filter((each) => only.includes(each.folder))) {
      const project = writeProject(manager, folder, manifest);
      const installed = step(`${manager}: ${manifest.name} installs`, () => install(manager, project, registry));
      if (!installed) continue;
      step(`${manager}: ${manifest.name} compiles from TypeScript`, () => compile(project));
      for (const [major, node] of Object.entries(binaries))
        await asyncStep(`${manager}, Node.js ${major}: ${manifest.name}`, () => runAll(node, project));
      if (!values.keep) rmSync(project, { recursive: true, force: true });
    }
  }
} catch (error) {
  console.error(error.message);
  failures.push('setting up');
} finally {
  registry?.stop();
  if (values.keep) console.log(`kept: ${scratch}`);
  else rmSync(scratch, { recursive: true, force: true });
}
console.log(failures.length === 0 ? '\nevery package installs and runs' : `\nfailed:\n  ${failures.join('\n  ')}`);
process.exit(failures.length === 0 ? 0 : 1);

function wrongUsage(message) {
  console.error(`release:rehearse: ${message}\n\n${USAGE}`);
  process.exit(2);
}

function chosen(name, all) {
  const list = values[name].split(',');
  const unknown = list.find((each) => !all.includes(each));
  if (unknown !== undefined)
    wrongUsage(`--${name}: expected some of ${all.join(', ')}, got ${unknown || 'nothing'}. Correct it.`);
  return list;
}

/** Packages in these folders, and all that they depend on or name as peers. */
function withNeeds(folders) {
  const found = new Set();
  const visit = (each) => {
    if (each === undefined || found.has(each)) return;
    found.add(each);
    const { dependencies, peerDependencies, optionalDependencies } = each.manifest;
    for (const name of Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies }))
      visit(published.find(({ manifest }) => manifest.name === name));
  };
  for (const each of published) if (folders.includes(each.folder)) visit(each);
  return [...found];
}

/** Runs and tells; what is thrown is a failure. */
function step(name, work) {
  try {
    work();
    console.log(`✓ ${name}`);
    return true;
  } catch (error) {
    console.log(`✗ ${name}\n${error.message.replace(/^/gm, '    ')}`);
    failures.push(name);
    return false;
  }
}

async function asyncStep(name, work) {
  let failure;
  try {
    await work();
  } catch (error) {
    failure = error;
  }
  step(name, () => {
    if (failure) throw failure;
  });
}

function command(file, args, cwd, env = {}) {
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    env: { ...process.env, CI: '1', ...env },
    maxBuffer: 1 << 28,
    timeout: 600_000,
  });
  if (error) throw error;
  const output = `${stdout}${stderr}`;
  if (status !== 0)
    throw new Error(`${file} ${args.join(' ')} ended with exit code ${status}:\n${output.slice(-4000)}`);
  return output;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A registry that holds our packages itself and passes everything else on to the one that npm uses here. */
async function startRegistry() {
  const port = await freePort();
  const upstream = command('npm', ['config', 'get', 'registry'], root).trim();
  const config = join(scratch, 'registry.json');
  const open = { access: '$all', publish: '$all', unpublish: '$all' };
  writeFileSync(
    config,
    JSON.stringify({
      storage: join(scratch, 'registry'),
      auth: { htpasswd: { file: join(scratch, 'htpasswd') } },
      uplinks: { upstream: { url: upstream, maxage: '60m', timeout: '120s', max_fails: 100 } },
      packages: { '@edm2/*': open, edm2: open, '**': { access: '$all', proxy: 'upstream' } },
      max_body_size: '500mb',
      log: { type: 'stdout', format: 'pretty', level: 'error' },
    }),
  );
  const child = spawn(
    process.execPath,
    [join(root, 'node_modules/verdaccio/bin/verdaccio'), '--config', config, '--listen', `http://127.0.0.1:${port}`],
    { cwd: scratch, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      output += data;
    });
  const url = `http://127.0.0.1:${port}/`;
  for (let tries = 0; tries < 240; tries++) {
    if (child.exitCode !== null) break;
    if (
      await fetch(`${url}-/ping`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return { url, stop: () => child.kill() };
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  child.kill();
  throw new Error(`expected verdaccio to answer at ${url}, got:\n${output}`);
}

/** Settings of the three package managers: our registry, a token that it does not look at. */
function npmrc({ url }) {
  return `registry=${url}\n${url.replace('http:', '')}:_authToken=rehearsal\n`;
}

function publish(to) {
  const file = join(scratch, 'publish.npmrc');
  writeFileSync(file, npmrc(to));
  command(
    'npx',
    [
      '--yes',
      packageManager,
      '--recursive',
      ...needed.flatMap(({ manifest }) => ['--filter', manifest.name]),
      'publish',
      '--no-git-checks',
      '--access',
      'public',
      '--registry',
      to.url,
    ],
    root,
    { NPM_CONFIG_USERCONFIG: file },
  );
  console.log(`✓ ${needed.length} packages published`);
}

/** Node.js of a major version out of npm's packages of it. */
function nodeBinary(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const folder = join(scratch, `node-${major}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  command('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${major}`], folder);
  return join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

/** The project of somebody who follows the package's README. */
function writeProject(manager, folder, manifest) {
  const project = join(scratch, `${manager}-${folder}`);
  readmeProject(join(root, 'packages', folder, 'README.md'), project);
  const path = join(project, 'package.json');
  const written = JSON.parse(readFileSync(path, 'utf8'));
  const doors = Object.keys(manifest.exports ?? {}).filter((door) => door !== './package.json');
  const names = doors.map((door) => `${manifest.name}${door.slice(1)}`);
  const peers = Object.keys(manifest.peerDependencies ?? {});
  const ours = Object.fromEntries(published.map(({ manifest: { name, version } }) => [name, `^${version}`]));
  written.dependencies = Object.fromEntries(
    [...peers, ...Object.keys(written.dependencies), manifest.name].map((name) => [
      name,
      ours[name] ?? versionFor(name),
    ]),
  );
  if (manager === 'yarn') written.packageManager = `yarn@${YARN.split('@').at(-1)}`;
  writeFileSync(path, `${JSON.stringify({ ...written, version: SCRATCH_VERSION }, null, 2)}\n`);
  // Every door, in both worlds.
  writeFileSync(join(project, 'doors.mjs'), names.map((name) => `await import('${name}');\n`).join(''));
  writeFileSync(join(project, 'doors.cjs'), names.map((name) => `require('${name}');\n`).join(''));
  writeFileSync(join(project, 'doors.mts'), names.map((name, i) => `export * as door${i} from '${name}';\n`).join(''));
  return project;
}

function install(manager, project, to) {
  const strict = manager === 'pnpm' ? 'strict-peer-dependencies=true\nauto-install-peers=false\n' : '';
  writeFileSync(join(project, '.npmrc'), npmrc(to) + strict);
  if (manager === 'npm') {
    command(
      'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--strict-peer-deps', '--prefer-offline'],
      project,
    );
    command('npm', ['ls', '--all'], project);
  } else if (manager === 'pnpm') {
    // A peer that is missing, or of another version, ends the installation.
    command(
      'npx',
      [
        '--yes',
        packageManager,
        'install',
        '--ignore-workspace',
        '--ignore-scripts',
        '--prefer-offline',
        '--config.minimum-release-age=0',
      ],
      project,
    );
  } else {
    writeFileSync(
      join(project, '.yarnrc.yml'),
      `nodeLinker: node-modules\nglobalFolder: '${join(scratch, 'yarn')}'\nenableScripts: false\nenableTelemetry: false\nnpmRegistryServer: '${to.url}'\nunsafeHttpWhitelist: ['127.0.0.1']\nenableImmutableInstalls: false\nnpmMinimalAgeGate: 0\n`,
    );
    writeFileSync(join(project, 'yarn.lock'), '');
    const output = command('npx', ['--yes', '--package', YARN, 'yarn', 'install'], project);
    if (!/YN0002|YN0060|YN0086/.test(output)) return;
    // TensorFlow.js's own packages ask one another for what they do not bring; that is not ours to mend.
    const explained = command('npx', ['--yes', '--package', YARN, 'yarn', 'explain', 'peer-requirements'], project);
    const ours = explained
      .split('\n')
      .filter((line) => line.includes('✘') && /\bedm2\b/.test(line.split(/provides?|doesn't/)[1] ?? line));
    if (ours.length > 0) throw new Error(`expected every peer to be there, got:\n${ours.join('\n')}`);
  }
}

/** A README's example in TypeScript becomes JavaScript; the types of every door compile. */
function compile(project) {
  const files = ['doors.mts', 'main.ts'].filter((file) => existsSync(join(project, file)));
  const options = ['--target', 'ES2022', '--module', 'NodeNext', '--strict', '--skipLibCheck', '--types', 'node'];
  command(
    process.execPath,
    [
      join(root, 'node_modules/typescript/bin/tsc'),
      ...options,
      '--typeRoots',
      join(root, 'node_modules/@types'),
      ...files,
    ],
    project,
  );
}

async function runAll(node, project) {
  const before = new Set(readdirSync(project));
  try {
    for (const script of ['doors.mjs', 'doors.cjs', 'main.js']) command(node, [script], project);
  } finally {
    // The next one finds what a reader of the README would.
    for (const name of readdirSync(project))
      if (!before.has(name)) rmSync(join(project, name), { recursive: true, force: true });
  }
}

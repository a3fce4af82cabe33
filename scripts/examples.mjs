// `npm run examples`: packs the packages (built before), installs the tarballs into copies of the projects in examples/ and into one
// project per package README, then compiles and runs everything as a stranger would. All this happens in a temporary folder: a project
// inside the workspace would find the workspace's own node_modules.
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './bootstrap.mjs';
import { readmeProject, versionFor } from './readme-project.mjs';
import { checkTypeProjects, writeTypeProjects } from './type-projects.mjs';

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const packages = readdirSync(join(root, 'packages')).filter((name) =>
  existsSync(join(root, 'packages', name, 'README.md')),
);
const examples = readdirSync(join(root, 'examples'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'edm2-examples-')));
/** What TensorFlow.js says in every process. */
const BANNER = /=+\nHi, looks like you are running TensorFlow\.js.*\n=+\n/g;
const failures = [];

try {
  const unbuilt = packages.filter((name) => !existsSync(join(root, 'packages', name, 'dist')));
  if (unbuilt.length > 0)
    throw new Error(
      `examples: expected built packages, got no dist in ${unbuilt.join(', ')}. Run npm run build first.`,
    );
  pack();
  const projects = [
    ...examples.map(({ name }) => name),
    ...packages.map((name) =>
      readmeProject(join(root, 'packages', name, 'README.md'), join(scratch, `readme-${name}`)),
    ),
  ];
  for (const { name } of examples)
    cpSync(join(root, 'examples', name), join(scratch, name), {
      recursive: true,
      filter: (path) => !path.endsWith('node_modules'),
    });
  install([...projects, ...writeTypeProjects(packages, scratch, versionFor)]);
  check('one copy of tfjs-core', () => oneCore(projects));
  check('every package has a consumer', () => everyPackage(projects));
  check('types', () => types(projects));
  check('types in an empty project, without skipLibCheck', () => checkTypeProjects(scratch).join('\n'));
  await runAll(projects);
} catch (error) {
  console.error(error.message);
  failures.push('setting up');
} finally {
  if (process.env['KEEP']) console.log(`kept: ${scratch}`);
  else rmSync(scratch, { recursive: true, force: true });
}
console.log(failures.length === 0 ? '\nevery example runs' : `\nfailed: ${failures.join(', ')}`);
process.exit(failures.length === 0 ? 0 : 1);

/** A package's name by its folder's. */
function published(folder) {
  return JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')).name;
}

function pnpm(args, cwd) {
  const { status, stdout, stderr } = spawnSync('npx', ['--yes', packageManager, ...args], {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    env: { ...process.env, CI: '1' },
  });
  if (status !== 0) throw new Error(`pnpm ${args[0]} failed:\n${stdout}${stderr}`);
}

function pack() {
  pnpm(['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', join(scratch, 'packed')], root);
}

/** One workspace of all projects, so that one resolution serves them; our packages come from the tarballs, nothing else does. */
function install(projects) {
  const tarballs = readdirSync(join(scratch, 'packed'));
  const overrides = packages.map((name) => {
    const packed = published(name);
    const tarball = tarballs.find((file) => new RegExp(`^${packed.replace('@', '').replace('/', '-')}-\\d`).test(file));
    return `  "${packed}": "file:${join(scratch, 'packed', tarball)}"`;
  });
  writeFileSync(
    join(scratch, 'pnpm-workspace.yaml'),
    `packages:\n${projects.map((name) => `  - ${name}`).join('\n')}\noverrides:\n${overrides.join('\n')}\nignoredBuiltDependencies: [core-js, onnxruntime-node, protobufjs, sharp]\n`,
  );
  writeFileSync(join(scratch, 'package.json'), '{ "private": true }\n');
  // The workspace's lockfile names the versions that are in the store already.
  cpSync(join(root, 'pnpm-lock.yaml'), join(scratch, 'pnpm-lock.yaml'));
  pnpm(['install', '--prefer-offline', '--no-frozen-lockfile', '--ignore-scripts', '--loglevel=error'], scratch);
}

function check(name, run) {
  const problems = run();
  console.log(`${problems ? '✗' : '✓'} ${name}${problems ? `\n${problems}` : ''}`);
  if (problems) failures.push(name);
}

/** Two copies of TensorFlow.js in a process would not see each other's backends: every way to it must lead to one file. */
function oneCore(projects) {
  const files = new Set();
  for (const project of projects) {
    const modules = join(scratch, project, 'node_modules');
    const ours = existsSync(join(modules, '@edm2'))
      ? readdirSync(join(modules, '@edm2')).map((name) => join(modules, '@edm2', name))
      : [];
    if (existsSync(join(modules, 'edm2'))) ours.push(join(modules, 'edm2'));
    const theirs = existsSync(join(modules, '@tensorflow/tfjs')) ? [join(modules, '@tensorflow/tfjs')] : [];
    for (const folder of [...ours, ...theirs])
      try {
        files.add(createRequire(join(realpathSync(folder), 'package.json')).resolve('@tensorflow/tfjs-core'));
      } catch {
        // Packages that need none.
      }
  }
  return files.size === 1 ? '' : [...files].join('\n') || 'nothing depends on it';
}

function everyPackage(projects) {
  const used = new Set(
    projects.flatMap((name) => {
      const { dependencies } = JSON.parse(readFileSync(join(scratch, name, 'package.json'), 'utf8'));
      return Object.keys(dependencies);
    }),
  );
  return packages.filter((name) => !used.has(published(name))).join(', ');
}

/** One compiler run over every TypeScript file; each finds its imports from where it lies. */
function types(projects) {
  const files = projects.map((name) => join(scratch, name, 'main.ts')).filter((file) => existsSync(file));
  const options = ['--target', 'ES2022', '--module', 'NodeNext', '--strict', '--skipLibCheck', '--types', 'node'];
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/typescript/bin/tsc'),
      ...options,
      '--typeRoots',
      join(root, 'node_modules/@types'),
      ...files,
    ],
    { cwd: scratch, encoding: 'utf8' },
  );
  return status === 0 ? '' : stdout;
}

async function runAll(projects) {
  const queue = [...projects];
  const worker = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const started = performance.now();
      const { code, output } = await start(name);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(
        `${code === 0 ? '✓' : '✗'} ${name} (${seconds} s)\n${output.replace(BANNER, '').trim().replace(/^/gm, '    ')}`,
      );
      if (code !== 0) failures.push(name);
    }
  };
  await Promise.all([worker(), worker()]);
}

/** Runs a project: its script `check` where it has one, for a `start` that does not end by itself. */
function start(name) {
  const { scripts } = JSON.parse(readFileSync(join(scratch, name, 'package.json'), 'utf8'));
  return new Promise((resolve) => {
    const child = spawn('npm', ['run', '--silent', scripts.check ? 'check' : 'start'], {
      cwd: join(scratch, name),
      shell: process.platform === 'win32',
      timeout: 180_000,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => {
        output += data;
      });
    child.on('close', (code) => resolve({ code, output }));
  });
}

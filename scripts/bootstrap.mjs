// What every command of a clone shares: it brings the pinned pnpm, installs with the frozen lockfile once, and bundles an app when its sources changed.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 9)) {
  console.error(
    `expected Node.js 20.9 or newer, got ${process.versions.node}. Install a current Node.js and try again.`,
  );
  process.exit(1);
}

// turbo looks for pnpm on the PATH; the pinned one is installed beside the other tools.
process.env.PATH = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);

/** Runs a command of the workspace with its output shown; resolves with the exit code. */
export function run(command, args, { env = {}, cwd = root } = {}) {
  return new Promise((resolve) => {
    const shell = process.platform === 'win32';
    const child = spawn(command, args, { cwd, stdio: 'inherit', shell, env: { ...process.env, ...env } });
    // Ctrl-C reaches the child through the terminal; this process stays to pass its exit code on.
    const ignore = () => {};
    process.on('SIGINT', ignore);
    const forward = (signal) => child.kill(signal);
    process.on('SIGTERM', forward);
    process.on('SIGHUP', forward);
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(1);
    });
    child.on('exit', (code, signal) => {
      process.off('SIGINT', ignore);
      process.off('SIGTERM', forward);
      process.off('SIGHUP', forward);
      // As a shell says it: 128 and the signal's number.
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

/** Installs every workspace package unless that was done for these very manifests; ends the process when it fails. */
export function install() {
  const stamp = join(root, 'node_modules', '.installed');
  const wanted = fingerprintOf(manifests(), 'content');
  if (isStamped(stamp, wanted)) return;
  const started = performance.now();
  console.log(`› installing dependencies with ${packageManager} (frozen lockfile)`);
  const result = spawnSync(
    'npx',
    ['--yes', packageManager, 'install', '--frozen-lockfile', '--reporter=append-only', '--loglevel=warn'],
    { cwd: root, encoding: 'utf8', shell: process.platform === 'win32', env: { ...process.env, CI: '1' } },
  );
  if (result.status !== 0) {
    process.stderr.write(`${result.error?.message ?? ''}${result.stdout ?? ''}${result.stderr ?? ''}`);
    console.error(
      'the installation failed: see the lines above. Check the network and the npm registry setting, then try again.',
    );
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
  console.log(`  done in ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

/** Bundles an app out of the sources that it wires, unless it was bundled from these very files; ends the process when it fails. */
export async function bundle(app) {
  const home = join(root, 'apps', app);
  const stamp = join(home, 'dist', '.bundled');
  const wanted = fingerprintOf([...manifests(), ...sources()], 'times');
  if (isStamped(stamp, wanted)) return;
  console.log(`› bundling ${app}`);
  const code = await run(bin('tsup'), ['--silent'], { cwd: home });
  if (code !== 0) process.exit(code);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

/**
 * What was typed before a program's own arguments, for the commands that it prints: they are to be pasted where this one was.
 *
 * @param name - of the script in package.json.
 * @param words - what runs it without npm.
 */
export function typed(name, words) {
  if (process.env.npm_lifecycle_event !== name)
    return ['node', relative(process.cwd(), words[0]), ...words.slice(1)].join(' ');
  const [manager] = (process.env.npm_config_user_agent ?? 'npm').split('/');
  if (manager === 'pnpm' || manager === 'yarn') return `${manager} ${name}`;
  return name === 'start' ? 'npm start --' : `npm run ${name} --`;
}

/** Path of a tool that the workspace installed. */
export const bin = (name) => join(root, 'node_modules', '.bin', name);

const folders = () =>
  ['packages', 'apps'].flatMap((kind) => readdirSync(join(root, kind)).map((name) => join(kind, name)));

/** What decides about an installation: the lockfile and every manifest. */
function manifests() {
  const own = ['bench', 'test/support', 'test/browser', 'test/engines', '.', ...folders()];
  const files = own.map((folder) => join(root, folder, 'package.json'));
  return [...files, join(root, 'pnpm-lock.yaml'), join(root, 'pnpm-workspace.yaml')].filter((file) => existsSync(file));
}

/** What decides about a bundle: everything below a `src`, and the recipes. */
function sources() {
  const recipes = readdirSync(root).filter((name) => /^(tsup|tsconfig)\..*/.test(name));
  const files = folders().flatMap((folder) => {
    const src = join(root, folder, 'src');
    if (!existsSync(src)) return [];
    return readdirSync(src, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/\.test(-d)?\.ts$/.test(entry.name))
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  });
  return [...files.sort(), ...recipes.map((name) => join(root, name))];
}

function fingerprintOf(files, kind) {
  const hash = createHash('sha256').update(`${process.version} ${process.platform} ${process.arch}`);
  for (const file of files) {
    hash.update(relative(root, file));
    if (kind === 'content') hash.update(readFileSync(file));
    else {
      const { mtimeMs, size } = statSync(file);
      hash.update(`${mtimeMs} ${size}`);
    }
  }
  return hash.digest('hex');
}

const isStamped = (stamp, wanted) => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;

// `npm run phema -- <arguments>`, `npm run libtensorflow -- install`, `npm run evaluate -- sweep`, `npm run dataset -- encode`: the command of a package or an app,
// built from this clone.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bin, bundle, install, root, run, typed } from './bootstrap.mjs';

const [name, ...args] = process.argv.slice(2);
const commands = ['packages', 'apps'].flatMap((kind) =>
  readdirSync(join(root, kind)).filter((each) => {
    const manifest = join(root, kind, each, 'package.json');
    // edm2 is both: the package bundles the app.
    const isBoth = kind === 'packages' && existsSync(join(root, 'apps', each));
    return !isBoth && existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).bin;
  }),
);
if (!commands.includes(name)) {
  console.error(
    `command: expected a package or an app with a command, one of ${commands.join(', ')}, got ${name ?? 'nothing'}. Name one: node scripts/command.mjs phema --help.`,
  );
  process.exit(2);
}
install();
// An app is bundled from the sources of the packages that it wires; a package is built after those that it needs.
const isApp = existsSync(join(root, 'apps', name));
if (isApp) await bundle(name);
else {
  const built = spawnSync(bin('turbo'), ['run', 'build', `--filter=@edm2/${name}`], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (built.status !== 0) {
    process.stderr.write(`${built.error?.message ?? ''}${built.stdout ?? ''}${built.stderr ?? ''}`);
    process.exit(1);
  }
}
const home = join(root, isApp ? 'apps' : 'packages', name);
const [command] = Object.values(JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')).bin);
const script = { 'dataset-tool': 'dataset', 'tfjs-libtensorflow': 'libtensorflow', 'tfjs-xla': 'xla' }[name] ?? name;
process.exit(
  await run(process.execPath, [join(home, command), ...args], {
    cwd: process.cwd(),
    env: { EDM2_TYPED: typed(script, [join(root, 'scripts/command.mjs'), name]) },
  }),
);

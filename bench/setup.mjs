// `npm run bench:setup`: the Python side of the benchmarks, in bench/.venv, with the versions pinned in bench/pytorch/requirements.txt.
// Where packages come from is the user's own pip configuration. On Linux the ordinary torch wheel is the CUDA build, which opens its CUDA
// libraries at import, GPU or not: about 3 GB to fetch and 5.4 GB on disk. Where pip offers the `+cpu` build, that one is taken instead.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const venv = join(here, '.venv');
const python = process.platform === 'win32' ? join(venv, 'Scripts', 'python.exe') : join(venv, 'bin', 'python');
const requirements = join(here, 'pytorch', 'requirements.txt');
const MINIMUM = [3, 11]; // numpy 2.4's

const succeeds = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
const run = (command, args) => {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (status === 0) return;
  console.error(
    `bench:setup: expected \`${command} ${args.join(' ')}\` to succeed, got ${error?.message ?? `exit code ${status}`}.`,
  );
  process.exit(1);
};

const isNewEnough = `import sys; sys.exit(sys.version_info < (${MINIMUM.join(', ')}))`;
const candidates = [process.env.PYTHON, 'python3', 'python', 'py'].filter(Boolean);
const system = candidates.find((command) => succeeds(command, ['-c', isNewEnough]));
if (!system) {
  console.error(
    `bench:setup: expected Python ${MINIMUM.join('.')} or newer, got none among ${candidates.join(', ')}. Install it or name it: PYTHON=/path/to/python npm run bench:setup.`,
  );
  process.exit(1);
}

if (process.argv.includes('--force')) rmSync(venv, { recursive: true, force: true });
if (!existsSync(python)) {
  console.log(`Making ${venv} …`);
  run(system, ['-m', 'venv', venv]);
}

const pip = ['-m', 'pip', 'install', '--disable-pip-version-check'];
const torch = /^torch==(\S+)$/m.exec(readFileSync(requirements, 'utf8'))?.[1];
if (!succeeds(python, ['-c', `import torch, sys; sys.exit(torch.__version__.split("+")[0] != "${torch}")`])) {
  const hasCpuBuild = succeeds(python, [...pip, '--dry-run', '--no-deps', `torch==${torch}+cpu`]);
  console.log(`Installing torch ${torch}${hasCpuBuild ? ' (CPU build)' : ''} …`);
  if (hasCpuBuild) run(python, [...pip, `torch==${torch}+cpu`]);
}
run(python, [...pip, '--quiet', '-r', requirements]);
run(python, [
  '-c',
  'import torch, numpy, safetensors; print("Ready: torch", torch.__version__, "numpy", numpy.__version__)',
]);
console.log('Check the counterpart against the golden files: bench/.venv/bin/python bench/pytorch/check.py');

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Peer, startPeer } from './peer.js';

// Bundled to bench/dist/: two levels below the root.
const root = fileURLToPath(new URL('../../', import.meta.url));

/** The page that holds the figures. */
export const PAGE = join(root, 'docs', 'benchmarks.md');
/** Where people who compile a model of theirs look. */
export const JIT_README = join(root, 'packages', 'tfjs-jit', 'README.md');
/** For files that a benchmark makes and removes. */
export const SCRATCH = join(root, '.cache', 'bench');
/** Pictures that the page shows. */
export const PICTURES = join(root, 'docs', 'images');
/** What both sides get: the share of a small machine that training would have. */
export const THREADS = 2;

const python =
  process.platform === 'win32'
    ? join(root, 'bench', '.venv', 'Scripts', 'python.exe')
    : join(root, 'bench', '.venv', 'bin', 'python');

/** Folder of the Python side's packages, undefined when it is not set up. */
export function pythonPackages(): string | undefined {
  if (process.platform === 'win32') return join(root, 'bench', '.venv', 'Lib', 'site-packages');
  const lib = join(root, 'bench', '.venv', 'lib');
  const name = existsSync(lib) ? readdirSync(lib).find((entry) => entry.startsWith('python')) : undefined;
  return name && join(lib, name, 'site-packages');
}

/** Whether `npm run bench:setup` has been run. */
export const hasPyTorch = (): boolean => existsSync(python);

/** How a PyTorch process starts. */
export interface PyTorchOptions {
  readonly threads?: number;
  /** Where torch.compile keeps what it has compiled; default: where it always does. An empty folder makes it start from nothing. */
  readonly compiledIn?: string;
  /** Seconds that one job may take; default: any time. */
  readonly patience?: number;
}

/** A fresh PyTorch process. */
export const startPyTorch = ({ threads = THREADS, compiledIn, patience }: PyTorchOptions = {}): Peer =>
  startPeer({
    command: python,
    args: ['-B', join(root, 'bench', 'pytorch', 'server.py')],
    environment: {
      OMP_NUM_THREADS: String(threads),
      ...(compiledIn !== undefined && { TORCHINDUCTOR_CACHE_DIR: compiledIn }),
    },
    ...(patience !== undefined && { patience }),
  });

/** A fresh process of ours, speaking the same language as the PyTorch one. */
export const startOurs = (): Peer =>
  startPeer({
    command: process.execPath,
    args: ['--expose-gc', '--max-old-space-size=8192', join(root, 'bench', 'dist', 'worker.js')],
  });

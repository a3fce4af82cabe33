import { runCommand } from '../../../packages/tfjs-libtensorflow/src/cli/program.js';

// The command of tfjs-libtensorflow with a wheel that is not the published one: as its own cli.ts but for where the wheel comes from.
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => interrupted.abort(new Error('interrupted')));

process.exitCode = await runCommand(
  process.argv.slice(2),
  { out: (text) => void process.stdout.write(`${text}\n`), err: process.stderr, signal: interrupted.signal },
  {
    machine: { platform: 'linux', arch: 'x64', glibc: '2.36', release: '6.1.0', node: '22.0.0' },
    wheels: [JSON.parse(process.env['TORTURE_WHEEL'] ?? '{}')],
    settings: { folders: [], indexes: [process.env['TORTURE_INDEX'] ?? ''] },
    env: { PATH: '/nowhere' },
    freeBytes: async () => 1e12,
    pause: 1,
  },
);

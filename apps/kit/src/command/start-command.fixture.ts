import { type ChildProcess, spawn } from 'node:child_process';

/** A command under way: how it ended, and all that it printed. */
export interface StartedCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; printed: string }>;
}

/** Starts a command as a shell would. */
export function startCommand(script: string, args: readonly string[], cwd: string): StartedCommand {
  const child = spawn(process.execPath, [script, ...args], { cwd });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (data) => {
      printed += data;
    });
  return { child, ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, printed }))) };
}

import { type ChildProcess, spawn } from 'node:child_process';
import { type SignalMoment, signalSelf } from '@edm2/test-support';

/** A command under way: how it ended, and all that it printed. */
export interface StartedCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; printed: string }>;
}

/**
 * Starts a command as a shell would.
 *
 * @param moment - when it is to be interrupted or killed.
 */
export function startCommand(
  script: string,
  args: readonly string[],
  cwd: string,
  moment?: SignalMoment,
): StartedCommand {
  const { execArgv = [], env = {} } = moment ? signalSelf(moment) : {};
  const child = spawn(process.execPath, [...execArgv, script, ...args], { cwd, env: { ...process.env, ...env } });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (data) => {
      printed += data;
    });
  return { child, ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, printed }))) };
}

import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** What tells a process from every other: a number alone is given again after its end, and to processes of other machines. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** When it was started, in words of the system's own that no change of the clock alters; empty where the system does not say. */
  readonly started: string;
  /** Where its number counts: a container has numbers of its own. Empty where there is no such thing. */
  readonly space: string;
}

/** This process. */
export const thisProcess = (): ProcessIdentity => ({
  pid: process.pid,
  host: hostname(),
  started: startOf(process.pid) ?? '',
  space: processSpace(),
});

/** `unknown`: of another machine or container, where this one cannot look. */
export type ProcessState = 'running' | 'ended' | 'unknown';

/** Whether a process still runs. */
export function stateOf({ pid, host, started, space }: ProcessIdentity): ProcessState {
  const own = processSpace();
  if (host !== hostname() || (space !== '' && own !== '' && space !== own)) return 'unknown';
  if (!exists(pid)) return 'ended';
  const now = startOf(pid);
  // The number belongs to another one now, or to one that has ended and waits to be asked how.
  return now === undefined || (started !== '' && now !== '' && now !== started) ? 'ended' : 'running';
}

/** Whether a process of this number runs here, whichever it is. */
export function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Where process numbers count: a namespace of Linux. */
function processSpace(): string {
  if (process.platform !== 'linux') return '';
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/** When a process was started; undefined when it has ended, empty when the system does not say. */
function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') return startOnLinux(pid);
  // Windows has no such command: a number alone decides there.
  if (process.platform === 'win32') return '';
  try {
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env, stdio: 'pipe' }).trim();
  } catch {
    return '';
  }
}

/** Clock ticks since the machine was started, and which start of the machine that was. */
function startOnLinux(pid: number): string | undefined {
  let stat: string;
  let boot: string;
  try {
    boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
  // The second field is the program's name in brackets, which may hold anything; the third is the state, the 22nd the start.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = ''] = fields;
  return 'ZX'.includes(state) ? undefined : `${boot} ${fields[19] ?? ''}`;
}

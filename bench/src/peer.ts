import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A process that answers JSON jobs, one a line. */
export interface Peer {
  /** @throws {Error} with the peer's own message when the job failed, or with its last words when it died. */
  ask(job: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>>;
  close(): void;
}

/** How to start it. */
export interface PeerOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Seconds that one job may take before the process is ended; default: any time. */
  readonly patience?: number;
}

const LAST_WORDS = 2000; // characters of stderr kept: enough for a stack trace

/** Starts a peer. Jobs are answered in the order in which they were asked. */
export function startPeer({ command, args, environment, patience }: PeerOptions): Peer {
  const child = spawn(command, [...args], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
  const waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  let words = '';
  child.stderr.on('data', (bytes: Buffer) => {
    words = (words + bytes.toString()).slice(-LAST_WORDS);
  });
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(line));
  const end = (reason: string) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`${reason}\n${words}`.trim()));
  };
  child.on('error', (error) => end(error.message));
  child.on('close', (code, signal) => end(`${command} ended with ${signal ?? `exit code ${code}`}`));
  child.stdin.on('error', () => {}); // reported by 'close'

  return {
    async ask(job) {
      let late: NodeJS.Timeout | undefined;
      const line = await new Promise<string>((resolve, reject) => {
        if (child.exitCode !== null || child.signalCode !== null)
          return reject(new Error(`${command} has ended\n${words}`));
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify(job)}\n`);
        if (patience === undefined) return;
        late = setTimeout(() => {
          end(`no answer within ${patience} s`);
          stop(child);
        }, patience * 1000);
      }).finally(() => clearTimeout(late));
      const answer: unknown = JSON.parse(line);
      if (typeof answer !== 'object' || answer === null) throw new Error(`${command} answered ${line}`);
      if ('error' in answer) throw new Error(String(answer.error));
      return answer as Record<string, unknown>;
    },
    close: () => stop(child),
  };
}

function stop(child: ChildProcess): void {
  child.stdin?.end();
  child.kill();
}

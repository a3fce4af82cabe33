import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Encoder, Posteriors } from './encoder.js';
import { type Answer, MARK, type Opening, type Question } from './messages.js';

/**
 * Starts processes that encode, each with an engine of its own. They end with this one, however it ends: when nothing listens to them any
 * more, after the batch that they are at.
 *
 * @param program - a module that calls `serveEncoding` where `isEncodeProcess()`.
 * @throws {Error} (rejects, from `encode`) when one of them fails or is ended; the others are ended then.
 */
export function startEncodeProcesses(program: URL, count: number, opening: Opening): Encoder {
  const lanes = Array.from({ length: count }, () => startLane(program, opening));
  const end = (): void => {
    for (const { child } of lanes) child.kill('SIGKILL');
  };
  process.on('exit', end);
  return {
    // One that each is at, and one that waits for it.
    concurrency: 2 * count,
    async encode(pixels) {
      const lane = lanes.reduce((least, each) => (each.waiting.size < least.waiting.size ? each : least));
      try {
        return await lane.encode(pixels);
      } catch (error) {
        end();
        throw error;
      }
    },
    async close() {
      await Promise.all(lanes.map((lane) => lane.close()));
      process.off('exit', end);
    },
  };
}

interface Lane extends Pick<Encoder, 'encode' | 'close'> {
  readonly child: ChildProcess;
  readonly waiting: ReadonlyMap<number, unknown>;
}

function startLane(program: URL, opening: Opening): Lane {
  const child = fork(fileURLToPath(program), [MARK], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, { resolve(result: Posteriors): void; reject(error: Error): void }>();
  let next = 0;
  let failure: Error | undefined;
  const fail = (error: Error): void => {
    failure ??= error;
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  };
  child.on('message', ([id, posteriors, error]: Answer) => {
    // It could not be opened: no batch will be answered otherwise.
    if (error !== undefined) fail(new Error(error));
    else if (posteriors) waiting.get(id)?.resolve(posteriors);
    waiting.delete(id);
  });
  child.on('error', fail);
  const ended = new Promise<void>((resolve) =>
    child.on('exit', (code, signal) => {
      fail(
        new Error(
          `a process that encodes was ended by ${signal ?? `its own code ${code}`}. Go on with the same command, perhaps with fewer --processes`,
        ),
      );
      resolve();
    }),
  );
  const send = (message: Opening | Question): void => {
    child.send(message, (error) => error && fail(error));
  };
  send(opening);
  return {
    child,
    waiting,
    encode: (pixels) =>
      new Promise((resolve, reject) => {
        if (failure) return reject(failure);
        waiting.set(next, { resolve, reject });
        send([next++, pixels]);
      }),
    async close() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

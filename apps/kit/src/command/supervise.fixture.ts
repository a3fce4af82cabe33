import { isMainThread } from 'node:worker_threads';
import { InterruptedError } from '@edm2/command/errors';
import { interruptible } from './interruptible.js';
import { startProgress } from './progress.js';
import { supervise } from './supervise.js';
import { work } from './work-thread.js';

// A command whose step takes as long as it likes.

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function run([how]: readonly string[]): Promise<number> {
  if (how === 'fails') throw new Error('a fault of its own');
  process.stdout.write(`script ${process.argv[1]?.split('/').at(-1)}\n`);
  if (how === 'ends') return 7;
  if (how === 'opens') await forever();
  try {
    await interruptible({ say, stopping: 'stopping after this step', kept: 'kept' }, async (signal) => {
      const progress = startProgress('working', 10, 'steps', 3);
      say('at it');
      // One call that nothing interrupts, or one that looks up now and then.
      if (how === 'blocks') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      // Deaf to what it is told, but not for ever in one call.
      await forever(how === 'goes-on' ? undefined : signal);
      progress.stop();
    });
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return error instanceof InterruptedError ? 130 : 1;
  }
  return 0;
}

const forever = (signal?: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    setInterval(() => {}, 1000);
    signal?.addEventListener('abort', () => reject(signal.reason));
  });

if (isMainThread) process.exit(await supervise(new URL(import.meta.url), Number(process.env['SILENCE'] ?? 30_000)));
await work(run);

import { isMainThread } from 'node:worker_threads';
import { useOwnProgram } from '@edm2/app-kit/command/own-program';
import { supervise } from '@edm2/app-kit/command/supervise';
import { isWorkThread } from '@edm2/app-kit/command/threads';
import { work } from '@edm2/app-kit/command/work-thread';
import { isEncodeProcess } from '@edm2/dataset-tool/encode/messages';

if (isEncodeProcess()) {
  await import('@tensorflow/tfjs');
  (await import('@edm2/dataset-tool/encode/serve')).serveEncoding();
} else if (isMainThread) {
  process.exit(await supervise(new URL(import.meta.url)));
} else if (isWorkThread()) {
  useOwnProgram(new URL(import.meta.url));
  const { runProgram } = await import('./program.js');
  await work(runProgram);
} else {
  // A thread that the work has started to convert images.
  (await import('@edm2/app-kit/data/convert-threads')).serveConversions();
}

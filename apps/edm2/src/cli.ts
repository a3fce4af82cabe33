import { isMainThread } from 'node:worker_threads';
import { supervise } from '@edm2/app-kit/command/supervise';
import { work } from '@edm2/app-kit/command/work-thread';

if (isMainThread) process.exit(await supervise(new URL(import.meta.url)));
const { runProgram } = await import('./program.js');
await work(runProgram);

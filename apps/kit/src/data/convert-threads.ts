import { availableParallelism } from 'node:os';
import { parentPort, Worker } from 'node:worker_threads';
import { convertImage, type ImageJob, type ImageResult } from '@edm2/dataset/convert';
import { ownProgram } from '../command/own-program.js';

/** What a thread that converts is started with. */
const MARK = 'edm2: convert';
/** Images that are converted before threads are started: most folders of a few are done by then. */
const BEFORE = 24;
/** More threads wait for the four that libvips decodes in. */
const MAX_THREADS = 8;

/** A job with its number, and the answer. */
type Question = readonly [id: number, job: ImageJob];
type Answer = readonly [id: number, result: ImageResult | undefined, error: unknown];

/** Answers jobs for as long as the thread lives. */
export function serveConversions(): void {
  parentPort?.on('message', async ([id, job]: Question) => {
    try {
      const result = await convertImage(job);
      parentPort?.postMessage([id, result, undefined] satisfies Answer);
    } catch (error) {
      parentPort?.postMessage([id, undefined, error] satisfies Answer);
    }
  });
}

/** Converts images in several threads. */
export interface ConvertThreads {
  convert(job: ImageJob): Promise<ImageResult>;
  /** How many images at a time keep all threads busy. */
  readonly concurrency: number;
  close(): Promise<void>;
}

/**
 * @param threads - how many; default one for each core. With one, or in a program that cannot start them (a test), images are converted in
 * this thread.
 */
export function startConvertThreads(threads: number = Math.min(MAX_THREADS, availableParallelism())): ConvertThreads {
  const program = threads > 1 ? ownProgram() : undefined;
  const lanes: Lane[] = [];
  let asked = 0;
  return {
    concurrency: program ? 3 * threads : 8,
    convert: (job) => {
      const turn = asked++;
      if (program === undefined || turn < BEFORE) return convertImage(job);
      const lane = turn % threads;
      lanes[lane] ??= startLane(program);
      return lanes[lane].convert(job);
    },
    close: async () => void (await Promise.all(lanes.map((lane) => lane?.close()))),
  };
}

interface Lane {
  convert(job: ImageJob): Promise<ImageResult>;
  close(): Promise<unknown>;
}

function startLane(program: URL): Lane {
  const worker = new Worker(program, { workerData: MARK });
  const waiting = new Map<number, { resolve(result: ImageResult): void; reject(error: unknown): void }>();
  let next = 0;
  let failure: unknown;
  worker.on('message', ([id, result, error]: Answer) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (result) call?.resolve(result);
    else call?.reject(error);
  });
  const fail = (error: unknown): void => {
    failure = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on('error', fail);
  worker.on('exit', () => fail(failure ?? new Error('a thread that converts images has ended')));
  return {
    convert: (job) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure);
        waiting.set(next, { resolve, reject });
        worker.postMessage([next++, job] satisfies Question);
      }),
    close: () => worker.terminate(),
  };
}

import { createRequire } from 'node:module';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { Feeds, SessionLoader } from './session.js';

/** Runs onnxruntime-node's public, asynchronous interface and answers one request after the other. */
const WORKER = `
const { workerData } = require('node:worker_threads');
const { port, signal, module } = workerData;
const ort = require(module);
const sessions = new Map();
const profiled = new Set();
let next = 0;
const wrap = (tensors) => Object.fromEntries(tensors.map(({ name, type, data, dims }) => [name, new ort.Tensor(type, data, dims)]));
const actions = {
  async load({ model, options }) {
    sessions.set(next, await ort.InferenceSession.create(model, options));
    if (options.enableProfiling) profiled.add(next);
    return next++;
  },
  async run({ session, feeds, fetches }) {
    const results = await sessions.get(session).run(wrap(feeds), fetches);
    return fetches.map((name) => results[name].data);
  },
  async dispose({ session }) {
    if (profiled.delete(session)) sessions.get(session).endProfiling();
    await sessions.get(session).release();
    sessions.delete(session);
  },
};
port.on('message', async (request) => {
  let answer;
  try {
    answer = { value: await actions[request.action](request) };
  } catch (error) {
    answer = { error: String(error && error.message || error) };
  }
  port.postMessage(answer);
  Atomics.add(signal, 0, 1);
  Atomics.notify(signal, 0);
});
`;

/** How long one call may take before it counts as hung: compiling the largest networks takes a minute or two. */
const TIMEOUT_MS = 600_000;

type Request = { readonly action: 'load' | 'run' | 'dispose' } & Record<string, unknown>;

/**
 * Sessions through onnxruntime-node's public interface. That is asynchronous, so it runs in a worker thread for which this
 * thread waits; tensors are copied both ways. Slower than the native binding, and independent of its inner shape.
 *
 * @param module - path of `onnxruntime-node`; default: where this package finds it.
 */
export function workerLoader(module = createRequire(import.meta.url).resolve('onnxruntime-node')): SessionLoader {
  const { port1, port2 } = new MessageChannel();
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(WORKER, { eval: true, workerData: { port: port2, signal, module }, transferList: [port2] });
  worker.unref();
  port1.unref();

  const ask = (request: Request): unknown => {
    const seen = Atomics.load(signal, 0);
    port1.postMessage(request);
    if (Atomics.wait(signal, 0, seen, TIMEOUT_MS) === 'timed-out') {
      throw new Error('onnxruntime: expected an answer from the worker thread, got none. Start again.');
    }
    const answer = receiveMessageOnPort(port1)?.message as { value?: unknown; error?: string } | undefined;
    if (answer === undefined || answer.error !== undefined) {
      throw new Error(`onnxruntime: expected the session to ${request.action}, got: ${answer?.error ?? 'no answer'}`);
    }
    return answer.value;
  };

  return {
    kind: 'worker',
    load({ model, externalData }, options) {
      const session = ask({ action: 'load', model, options: { ...options, externalData } });
      return {
        run(feeds: Feeds, fetches: Feeds) {
          const names = Object.keys(fetches);
          const given = Object.entries(feeds).map(([name, { type, data, dims }]) => ({ name, type, data, dims }));
          const results = ask({ action: 'run', session, feeds: given, fetches: names }) as Float32Array[];
          names.forEach((name, i) => {
            const target = fetches[name]?.data;
            if (ArrayBuffer.isView(target)) (target as Float32Array).set(results[i] ?? []);
          });
        },
        dispose: () => void ask({ action: 'dispose', session }),
      };
    },
  };
}

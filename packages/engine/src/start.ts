import { availableParallelism } from 'node:os';
import type { EngineName, EngineOptions, EngineReport, Starter } from './report.js';
import { startOnnx } from './starters/onnxruntime.js';
import { startTensorflow, startTensorflowGpu } from './starters/tensorflow.js';
import { startCpu, startWasm, startWebgpu } from './starters/tfjs.js';

type Known = EngineReport['name'];

const STARTERS: Readonly<Record<Known, { readonly start: Starter; readonly packages: string }>> = {
  'tensorflow-gpu': { start: startTensorflowGpu, packages: '@tensorflow/tfjs-node-gpu' },
  tensorflow: { start: startTensorflow, packages: '@tensorflow/tfjs-node' },
  onnxruntime: { start: startOnnx, packages: '@edm2/tfjs-onnxruntime onnxruntime-node' },
  webgpu: { start: startWebgpu, packages: '@tensorflow/tfjs-backend-webgpu webgpu' },
  wasm: { start: startWasm, packages: '@tensorflow/tfjs-backend-wasm' },
  cpu: { start: startCpu, packages: '@tensorflow/tfjs-backend-cpu' },
};

/** What `'auto'` tries, best first: a GPU that answers, the compiler, then op by op. */
const AUTO: readonly Known[] = ['tensorflow-gpu', 'onnxruntime', 'wasm', 'cpu'];

/**
 * Starts an engine and makes its TensorFlow.js backend the current one.
 *
 * @param name - `'auto'` takes the best that is installed and answers; a name fails when it cannot run, and never falls back.
 * @returns what was started; `why` says it in one line, the engines passed over included.
 * @throws {RangeError} (rejects) for a name that is none, or threads that are no positive integer.
 * @throws {Error} (rejects) when the named engine is not installed or does not answer.
 */
export async function startEngine(name: EngineName = 'auto', options: EngineOptions = {}): Promise<EngineReport> {
  const { threads = availableParallelism() } = options;
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(
      `startEngine: expected threads to be a positive integer, got ${threads}. Leave it out for all cores.`,
    );
  if (name === 'auto') return startBest(threads);
  if (!Object.hasOwn(STARTERS, name))
    throw new RangeError(
      `startEngine: expected auto, ${Object.keys(STARTERS).join(', ')}, got ${name}. Choose one of these.`,
    );
  const { start, packages } = STARTERS[name];
  try {
    const started = await start(threads);
    return { name, ...started, why: `${describe(name, started)}, as asked for` };
  } catch (cause) {
    throw new Error(
      `startEngine: expected ${name} to start, got: ${reason(cause)}. Install ${packages}, or choose another engine ('auto' takes what is there).`,
      { cause },
    );
  }
}

async function startBest(threads: number): Promise<EngineReport> {
  const passedOver: string[] = [];
  for (const name of AUTO) {
    try {
      const started = await STARTERS[name].start(threads);
      const others = passedOver.length > 0 ? ` (${passedOver.join('; ')})` : '';
      return { name, ...started, why: `${describe(name, started)}, the best of what answers here${others}` };
    } catch (error) {
      passedOver.push(`${name}: ${reason(error)}`);
    }
  }
  throw new Error(
    `startEngine: expected one of ${AUTO.join(', ')} to start, got none (${passedOver.join('; ')}). Install @edm2/tfjs-onnxruntime.`,
  );
}

const describe = (
  name: Known,
  { version, device, threads }: { version: string; device: string; threads: number },
): string =>
  `${name} ${version} on ${device}${device === 'CPU' ? `, ${threads} thread${threads === 1 ? '' : 's'}` : ''}`;

/** The first line of an error, without the stack that loaders add. */
function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (/Cannot find (package|module)|native addon module|Could not resolve|ERR_MODULE_NOT_FOUND/.test(text))
    return 'not installed';
  return text.split('\n', 1)[0] ?? text;
}

import os from 'node:os';
import { known } from '@edm2/options';
import { checkNode } from '@edm2/tfjs-jit';
import { ENGINES, type EngineName, engineNamesOf, type KnownEngine, parseEngineName } from './names.js';
import type { EngineOptions, EngineReport, Starter, Work } from './report.js';
import { startOnnx } from './starters/onnxruntime.js';
import { startLibraryOnCpu, startTensorflow, startTensorflowGpu } from './starters/tensorflow.js';
import { startCpu, startWasm, startWebgpu } from './starters/tfjs.js';
import { startXlaEngine } from './starters/xla.js';

const STARTERS: Readonly<Record<KnownEngine, Starter>> = {
  'tensorflow-gpu': startTensorflowGpu,
  tensorflow: startTensorflow,
  onnxruntime: startOnnx,
  xla: startXlaEngine,
  webgpu: startWebgpu,
  wasm: startWasm,
  cpu: startCpu,
};

/**
 * Networks from this many parameters on train faster on TensorFlow's C library than on ONNX Runtime: where the curves of
 * `npm run bench -- engine --only parameters` cross, see docs/benchmarks.md. `edm2-train --engine tune` measures a run's own network.
 */
const TENSORFLOW_FROM_PARAMETERS = 700_000;

/** What `'auto'` tries, best first: a GPU that answers, a compiler that suits the work and the network's size, then op by op. */
function candidates(parameters: number, work: Work): readonly (readonly [KnownEngine, Starter])[] {
  const start = (name: KnownEngine): readonly [KnownEngine, Starter] => [name, STARTERS[name]];
  // Not the plainly installed tfjs-node, which runs op by op: a compiler comes before it.
  const library = ['tensorflow', startLibraryOnCpu] as const;
  const libraryFirst = work === 'training' && parameters >= TENSORFLOW_FROM_PARAMETERS;
  const compilers = libraryFirst ? [library, start('onnxruntime')] : [start('onnxruntime'), library];
  return [start('tensorflow-gpu'), ...compilers, start('wasm'), start('cpu')];
}

/**
 * Starts an engine and makes its TensorFlow.js backend the current one.
 *
 * @param name - `'auto'` takes the best that is installed and answers; a name fails when it cannot run, and never falls back. `'xla:cuda'` insists
 *   on XLA's plugin for that kind of device.
 * @returns what was started; `why` says it in one line, the engines passed over included.
 * @throws {RangeError} (rejects) for an unknown name, or threads that are not a positive integer.
 * @throws {Error} (rejects) when the named engine is not installed or does not answer, or Node.js is too old.
 */
export async function startEngine(name: EngineName = 'auto', options: EngineOptions = {}): Promise<EngineReport> {
  checkNode();
  const {
    threads = os.availableParallelism(),
    parameters = 0,
    work = 'training',
  } = known('startEngine', options, {
    threads: true,
    parameters: true,
    work: true,
  });
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(
      `startEngine: expected threads to be a positive integer, got ${threads}. Leave it out for all cores.`,
    );
  if (work !== 'training' && work !== 'sampling')
    throw new RangeError(
      `startEngine: expected work to be training or sampling, got ${work}. Leave it out for training.`,
    );
  if (name === 'auto') return startBest(threads, parameters, work);
  const asked = parseEngineName(name);
  if (asked === undefined)
    throw new RangeError(
      `startEngine: expected auto, ${engineNamesOf(ENGINES).join(', ')}, got ${name}. Choose one of these.`,
    );
  try {
    const started = await STARTERS[asked.name](threads, asked.device);
    return { name: asked.name, ...started, why: `${describe(asked.name, started)}, as asked for` };
  } catch (cause) {
    const why = reason(cause).replace(/\.+$/, '');
    // Where a device or its plugin is missing, their own words say what to do: another installation would not help.
    const cure = /expected a (device|PJRT plugin)/.test(why) ? 'Or' : `Install ${ENGINES[asked.name].packages}, or`;
    throw new Error(
      `startEngine: expected ${name} to start, got: ${why}. ${cure} choose another engine ('auto' takes what is there).`,
      { cause },
    );
  }
}

async function startBest(threads: number, parameters: number, work: Work): Promise<EngineReport> {
  const passedOver: string[] = [];
  const tried = candidates(parameters, work);
  for (const [name, start] of tried) {
    try {
      const started = await start(threads);
      const size = parameters > 0 ? ` for ${work} ${(parameters / 1e6).toFixed(2)} M parameters` : '';
      const others = passedOver.length > 0 ? ` (${passedOver.join('; ')})` : '';
      return { name, ...started, why: `${describe(name, started)}, the best of what answers here${size}${others}` };
    } catch (error) {
      passedOver.push(`${name}: ${reason(error)}`);
    }
  }
  throw new Error(
    `startEngine: expected one of ${tried.map(([name]) => name).join(', ')} to start, got none (${passedOver.join('; ')}). Install @edm2/tfjs-onnxruntime.`,
  );
}

const describe = (
  name: KnownEngine,
  { version, device, threads }: { version: string; device: string; threads: number },
): string =>
  `${name} ${version} on ${device}${device === 'CPU' ? `, ${threads} thread${threads === 1 ? '' : 's'}` : ''}`;

/** An error in one line, without the stack that loaders add. */
function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (/expected a build with CUDA/.test(text)) return 'no build with CUDA is installed';
  if (
    /C library in .* got none|Cannot find (package|module)|native addon module|Could not resolve|ERR_MODULE_NOT_FOUND/.test(
      text,
    )
  )
    return 'not installed';
  return text.split('\n', 1)[0] ?? text;
}

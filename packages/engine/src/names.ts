/** What is known of an engine before it is started. */
export interface EngineFacts {
  /** What must be installed for it. */
  readonly packages: string;
  /** Whether `jit` compiles whole functions for it; else it runs op by op. */
  readonly compiles: boolean;
  /** Whether it has the kernels that training needs. */
  readonly trains: boolean;
  /** Devices that may be insisted on behind a colon, such as `xla:cuda`; without one the engine takes what is there. */
  readonly devices?: readonly string[];
  /** Why it is known by name and cannot be used. */
  readonly refused?: string;
}

const facts = {
  'tensorflow-gpu': {
    packages: '@edm2/tfjs-libtensorflow (npx tfjs-libtensorflow install --cuda)',
    compiles: true,
    trains: true,
  },
  tensorflow: {
    packages: '@edm2/tfjs-libtensorflow (npx tfjs-libtensorflow install)',
    compiles: true,
    trains: true,
  },
  onnxruntime: { packages: '@edm2/tfjs-onnxruntime onnxruntime-node', compiles: true, trains: true },
  // Never the fastest on a CPU; on a GPU not yet run: taken by name only.
  xla: {
    packages: '@edm2/tfjs-xla (npx tfjs-xla install)',
    compiles: true,
    trains: true,
    devices: ['cpu', 'cuda', 'rocm', 'oneapi', 'tpu'],
  },
  webgpu: {
    packages: '@tensorflow/tfjs-backend-webgpu webgpu',
    compiles: false,
    trains: false,
    refused: 'in Node.js it gives values back asynchronously only, which nothing here waits for',
  },
  // It lacks Conv2DBackpropFilter.
  wasm: { packages: '@tensorflow/tfjs-backend-wasm', compiles: false, trains: false },
  cpu: { packages: '@tensorflow/tfjs-backend-cpu', compiles: false, trains: true },
} as const satisfies Readonly<Record<string, EngineFacts>>;

/** Name of an engine that can be started. */
export type KnownEngine = keyof typeof facts;

/** Engines by name, `'auto'` for the best that is there; `'xla:cuda'` insists on a device. */
export type EngineName = 'auto' | KnownEngine | `xla:${(typeof facts)['xla']['devices'][number]}`;

/** Every engine by name, the fastest first: the one place that names them. Commands, help and messages derive theirs. */
export const ENGINES: Readonly<Record<KnownEngine, EngineFacts>> = facts;

/** Their names, in that order. */
export const ENGINE_NAMES = Object.keys(facts) as readonly KnownEngine[];

/**
 * An engine's name and the device that it insists on: `xla:cuda`.
 *
 * @returns undefined for what is no engine's name, or a device that it does not have; `auto` is none.
 */
export function parseEngineName(text: string): { readonly name: KnownEngine; readonly device?: string } | undefined {
  const [name = '', device, ...more] = text.split(':');
  if (!Object.hasOwn(ENGINES, name) || more.length > 0) return undefined;
  const known = name as KnownEngine;
  if (device === undefined) return { name: known };
  return ENGINES[known].devices?.includes(device) ? { name: known, device } : undefined;
}

/** Every name that an engine may be asked for by, devices behind a colon included. */
export const engineNamesOf = (engines: Readonly<Record<string, Pick<EngineFacts, 'devices'>>>): string[] =>
  Object.entries(engines).flatMap(([name, { devices = [] }]) => [name, ...devices.map((its) => `${name}:${its}`)]);

import type { Engine } from '@edm2/tfjs-jit';

/** Engines by name, `'auto'` for the best that is there. */
export type EngineName = 'auto' | 'tensorflow-gpu' | 'tensorflow' | 'onnxruntime' | 'webgpu' | 'wasm' | 'cpu';

/** What runs, and why. */
export interface EngineReport {
  readonly name: Exclude<EngineName, 'auto'>;
  /** TensorFlow.js backend that is now the current one. */
  readonly backend: string;
  readonly threads: number;
  /** What it runs on, such as `CPU` or a GPU's name. */
  readonly device: string;
  readonly version: string;
  /** One line: why this one. */
  readonly why: string;
  /** Compiles functions (`jit`); absent on backends that run op by op. */
  readonly engine?: Engine;
}

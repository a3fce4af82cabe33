import type { Engine } from '@edm2/tfjs-jit';
import type { KnownEngine } from './names.js';

/** What runs, and why. */
export interface EngineReport {
  readonly name: KnownEngine;
  /** TensorFlow.js backend that is now the current one. */
  readonly backend: string;
  readonly threads: number;
  /** What it runs on: `CPU`, `GPU`, or XLA's name of another kind of device. */
  readonly device: string;
  /** Of the engine's own library. */
  readonly version: string;
  /** One line: why this one. */
  readonly why: string;
  /** Compiles functions (`jit`); absent on backends that run op by op. */
  readonly engine?: Engine;
}

/** What an engine is chosen for. */
export type Work = 'training' | 'sampling';

/** Options of `startEngine`. */
export interface EngineOptions {
  /** Threads that one call uses; default: the machine's cores. Engines that choose for themselves ignore it. */
  readonly threads?: number;
  /** Size of the network that is to run, in parameters: `'auto'` then takes the engine that is fastest for it. */
  readonly parameters?: number;
  /**
   * What runs: whole training steps (the default), or a network with constant weights, which ONNX Runtime lays out once for
   * its convolutions and TensorFlow anew at every call.
   */
  readonly work?: Work;
}

/** What a starter knows of the engine that it started. */
export type Started = Omit<EngineReport, 'name' | 'why'>;

/** Starts one engine and makes its backend the current one; rejects with the reason when it cannot, or not on the device that is named. */
export type Starter = (threads: number, device?: string) => Promise<Started>;

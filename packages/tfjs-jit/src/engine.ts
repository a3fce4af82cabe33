import type { Tensor } from '@tensorflow/tfjs-core';
import type { DType } from './graph/graph.js';
import type { Permutation } from './graph/permutation.js';
import type { OnnxModel } from './lower/onnx/model.js';
import type { TensorflowModel } from './lower/tensorflow/model.js';
import { checkNode } from './node-version.js';

/** One input or output of a compiled function, as the engine must hold it. */
export interface Port {
  /** Name in the model; none for a tensor that is in a bundle only. */
  readonly name: string | undefined;
  /** Shape as TensorFlow.js sees it. */
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Order of axes in memory: physical axis `i` holds logical axis `order[i]`. The model's own shape is permuted so. */
  readonly order: Permutation;
}

/** Float tensors that lie one behind the other in one array, of which the model takes or gives stretches, all rank 1. */
export interface PortBundle {
  /** Positions of the ports, in memory order. */
  readonly members: readonly number[];
  readonly chunks: readonly { readonly name: string; readonly offset: number; readonly length: number }[];
}

/** A compiled function for engines that run ONNX. */
export interface OnnxCompiledModel {
  readonly format: 'onnx';
  readonly onnx: OnnxModel;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly inputBundles: readonly PortBundle[];
  readonly outputBundles: readonly PortBundle[];
}

/** What `jit` hands to an engine, in the engine's format. */
export type CompiledModel = OnnxCompiledModel | TensorflowModel;

/** A model that an engine has loaded. */
export interface Executable {
  /**
   * Runs the model.
   *
   * @param inputs - one tensor per input port, of any backend; none is disposed.
   * @returns new tensors of the engine's backend, one per output port.
   */
  run(inputs: readonly Tensor[]): Tensor[];
  /** As `run`, on a thread of its own, for engines that can. The model may be disposed meanwhile. */
  runAsync?(inputs: readonly Tensor[]): Promise<Tensor[]>;
  dispose(): void;
}

/** How long one node of a model took; both times in microseconds, from the beginning of the run. */
export interface NodeTiming {
  /** The node's name in the model, or one that the engine made of it. */
  readonly name: string;
  readonly start: number;
  readonly duration: number;
}

/** Runs compiled functions and holds their tensors. Implemented by `@edm2/tfjs-onnxruntime`. */
export interface Engine {
  /** Name for messages, such as `onnxruntime`. */
  readonly name: string;
  /** TensorFlow.js backend whose tensors the engine reads and writes in place. */
  readonly backend: string;
  /** What the engine runs; default `'onnx'`. */
  readonly format?: CompiledModel['format'];
  /**
   * Loads a compiled function.
   *
   * @param model - in the engine's own `format`.
   */
  compile(model: CompiledModel): Executable;
  /**
   * Runs a model a few times with a clock on every node. For engines that can.
   *
   * @returns the nodes of the last run, in the order in which they ran.
   */
  profile?(model: CompiledModel, inputs: readonly Tensor[]): readonly NodeTiming[];
}

const engines = new Map<string, Engine>();

/**
 * Makes an engine known under the name of its TensorFlow.js backend: `jit` without `engine` uses it while that backend is
 * the current one.
 *
 * @throws {Error} on a Node.js that is too old.
 */
export function registerEngine(backendName: string, engine: Engine): void {
  checkNode();
  engines.set(backendName, engine);
}

/** The engine registered for a backend, if any. */
export const engineFor = (backendName: string): Engine | undefined => engines.get(backendName);

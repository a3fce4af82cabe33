import type { Tensor } from '@tensorflow/tfjs-core';
import type { Graph, Node } from './graph/graph.js';
import { checkNode } from './node-version.js';
import type { Precision } from './passes/reduce-precision.js';
import type { Pass } from './passes/simplify.js';

/** A donated input that comes back as an output of its shape: positions, and where it hangs in the result's tree. */
export interface StateLeaf {
  readonly input: number;
  readonly output: number;
  /** Path of the record that holds it, such as `state.moments.first`. */
  readonly container: string;
  /** Its name there, such as `unet.out_gain`. */
  readonly key: string;
}

/** What an engine is told about a graph that it compiles. */
export interface CompileOptions {
  /** What comes in, comes out and comes in again: an engine may keep it where and as it likes from call to call. */
  readonly state: readonly StateLeaf[];
  /** Positions of the inputs that a call consumes, state or not. The caller disposes their tensors when the call has ended. */
  readonly donated: ReadonlySet<number>;
  /** Arithmetic of convolutions and matrix products; one of the engine's `precisions`. */
  readonly precision: Precision;
  /**
   * Names of the graph's inputs and outputs, for what an engine is asked about single ones of them: paths in the arguments and in the
   * result, such as `0.params.w` and `state.params.w`. What a function reads or assigns besides has none, and comes last.
   */
  readonly names?: { readonly inputs: readonly string[]; readonly outputs: readonly string[] };
}

/** A graph that an engine has loaded. */
export interface Executable {
  /**
   * Runs it.
   *
   * @param inputs - one tensor per input of the graph, of any backend; none is disposed.
   * @returns new tensors of the engine's backend, one per output.
   */
  run(inputs: readonly Tensor[]): Tensor[];
  /** As `run`, on a thread of its own, for engines that can. The executable may be disposed meanwhile. */
  runAsync?(inputs: readonly Tensor[]): Promise<Tensor[]>;
  dispose(): void;
}

/** What an engine will run, as far as it is a graph: what `explain` and `memory` are about. */
export interface Plan {
  /** The engine's own form of the graph. */
  readonly graph: Graph;
  /** Its nodes in the order in which they run; default: as they stand in the graph. */
  readonly order?: readonly Node[];
}

/** How long one step of an engine took; both times in microseconds, from the beginning of the run. */
export interface NodeTiming {
  /** The node of the plan's graph that asked for it; none for a step of the engine's own. */
  readonly node: Node | undefined;
  readonly start: number;
  readonly duration: number;
}

/** A plan that was clocked. */
export interface Profile extends Plan {
  /** The steps in the order in which they ran; several of them may come from one node. */
  readonly timings: readonly NodeTiming[];
}

/**
 * Runs compiled functions and holds their tensors.
 *
 * `jit` traces a function, runs the passes that hold for every engine, and hands over the graph; all that follows is the
 * engine's: further passes, its own form of the graph, its memory.
 */
export interface Engine {
  /** Name for messages, such as `onnxruntime`. */
  readonly name: string;
  /** TensorFlow.js backend whose tensors the engine reads and writes in place. */
  readonly backend: string;
  /**
   * What convolutions and matrix products can be computed in; default: float32 alone. Others are refused before a
   * trace, since an engine that forgot to look would compute in float32 without a word.
   */
  readonly precisions?: readonly Precision[];
  /** What is done to a traced graph before the engine gets it; default: the passes that hold for every engine (`SIMPLIFYING`). */
  readonly passes?: readonly Pass[];
  /**
   * Loads a graph.
   *
   * @param graph - kernels in TensorFlow.js's own layout (NHWC, HWIO).
   * @throws {Error} for a kernel that the engine does not know (`unsupportedKernel`).
   */
  compile(graph: Graph, options: CompileOptions): Executable;
  /** What `compile` would run, worked out without loading it; default: the graph as it is given. */
  plan?(graph: Graph, options: CompileOptions): Plan;
  /** Runs a graph a few times with a clock on every step of the last run. For engines that can. */
  profile?(graph: Graph, options: CompileOptions, inputs: readonly Tensor[]): Profile;
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

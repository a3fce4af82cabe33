import type { Data, DType } from '@edm2/tfjs-jit/graph';

/** One argument of a TensorFlow function. */
export interface TensorflowInput {
  /** Name of the Placeholder. */
  readonly node: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** True when the Placeholder takes the handle of a resource variable (DT_RESOURCE) instead of a tensor. */
  readonly variable: boolean;
}

/** One result of a TensorFlow function. */
export type TensorflowOutput =
  | {
      readonly kind: 'tensor';
      /** Tensor inside the graph: `name`, or `name:1` for another output than the first. */
      readonly node: string;
      readonly shape: readonly number[];
      readonly dtype: DType;
    }
  | {
      /** The variable of this input was updated in place: it is the result. */
      readonly kind: 'variable';
      readonly input: number;
      readonly shape: readonly number[];
      readonly dtype: DType;
    };

/** A constant that is too large for graph text: a further argument, after the inputs, fed at every call. */
export interface TensorflowConstant {
  /** Name of the Placeholder. */
  readonly node: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: Data;
}

/** A function as a TensorFlow graph, in TensorFlow.js's own layout (NHWC, HWIO). */
export interface TensorflowModel {
  /** Serialized GraphDef with the nodes of the function's body. */
  readonly graphDef: Uint8Array;
  /** One per tensor argument of the compiled function, in order. */
  readonly inputs: readonly TensorflowInput[];
  /** One per tensor result, in order. */
  readonly outputs: readonly TensorflowOutput[];
  readonly captured: readonly TensorflowConstant[];
  /** Nodes that must have run when the function ends: the updates of variables. */
  readonly done: readonly string[];
  /**
   * Checks of indices that TensorFlow's kernels make on a CPU alone: elsewhere, and compiled with XLA, they give zeros or
   * other rows, and an engine must look at these.
   */
  readonly indexChecks?: readonly TensorflowCheck[];
  /** What TensorFlow says of a call that failed, in the words of the op that asked for it, with its line; else as it is. */
  readonly reword?: (error: Error) => Error;
}

/** A condition that must hold for the results to mean anything. */
export interface TensorflowCheck {
  /** Node that gives it, a bool without axes. */
  readonly node: string;
  /** The error when it does not hold. */
  readonly error: () => Error;
}

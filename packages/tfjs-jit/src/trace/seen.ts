import type { Optimizer, Tensor, Variable } from '@tensorflow/tfjs-core';
import { changedField, type SeenOptimizer } from './seen-optimizer.js';

/** What of the world outside a trace depends on, beside arguments and what is read at every call. */
export interface Outside {
  /** Tensors that the function closes over; variables are not among them. */
  readonly constants: readonly Tensor[];
  readonly variables: readonly Variable[];
  /** Variables that are read at every call; else they are constants too. */
  readonly live: boolean;
  /** True when gradients to variables were asked for: which of them are trainable counts then. */
  readonly differentiates: boolean;
  /** Variables whose numbers were read while the function was traced. */
  readonly read: readonly Variable[];
  readonly optimizers: readonly SeenOptimizer[];
}

/** Why a trace does not hold any more. */
export interface Change {
  /** What is another one now, for a message. */
  readonly what: string;
  /** True when the trace can hold again: a switch was turned. */
  readonly reversible: boolean;
}

/** Tells whether what a trace saw is still so. */
export interface Seen {
  /** The first thing that has changed; undefined while the trace holds. */
  changed(): Change | undefined;
  /** True when a variable was assigned that the trace has the numbers of. */
  assigned(): boolean;
  readonly optimizers: readonly SeenOptimizer[];
}

/** Remembers what a trace saw, as it is now. */
export function remember({ constants, variables, live, differentiates, read, optimizers }: Outside): Seen {
  const trainable = variables.map((variable) => variable.trainable);
  const frozen = live ? read : [...new Set([...variables, ...read])];
  const data = frozen.map(({ dataId }) => dataId);
  const gone = (what: string): Change => ({ what, reversible: false });
  const turned = (what: string): Change => ({ what, reversible: true });
  const assigned = (): boolean => frozen.some(({ dataId }, i) => dataId !== data[i]);

  return {
    optimizers,
    assigned,
    changed() {
      if (constants.some(({ isDisposed }) => isDisposed)) return gone('a tensor that it closes over was disposed');
      const dead = variables.find(({ isDisposed }) => isDisposed);
      if (dead !== undefined) return gone(`variable '${dead.name}' was disposed`);
      if (assigned()) {
        const moved = frozen.find(({ dataId }, i) => dataId !== data[i]);
        return gone(`variable '${moved?.name}', whose numbers it reads, was assigned`);
      }
      if (differentiates) {
        const switched = variables.findIndex((variable, i) => variable.trainable !== trainable[i]);
        if (switched >= 0) return turned(`variable '${variables[switched]?.name}'.trainable was set`);
      }
      for (const optimizer of optimizers) {
        const field = changedField(optimizer);
        if (field !== undefined) return turned(`${field} was set`);
      }
      return undefined;
    },
  };
}

/** The optimizers themselves. */
export const optimizersOf = ({ optimizers }: Seen): Optimizer[] => optimizers.map(({ optimizer }) => optimizer);

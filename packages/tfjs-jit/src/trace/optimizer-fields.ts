import type { Optimizer } from '@tensorflow/tfjs-core';
import type { Slot } from './slot.js';

/** An optimizer's fields, private ones too. */
export type Fields = Record<string, unknown>;
export const fieldsOf = (optimizer: Optimizer): Fields => optimizer as unknown as Fields;

/** The name of an optimizer in messages: `Adam`. */
export const optimizerName = (optimizer: Optimizer): string =>
  (optimizer.constructor as unknown as { readonly className?: string }).className ?? optimizer.constructor.name;

/** An optimizer that a trace has met. */
export interface Watched {
  readonly optimizer: Optimizer;
  readonly slot: Slot;
  /** The number that stands for its learning rate in the trace. */
  readonly standIn: number;
  /** Its fields before. */
  readonly before: Fields;
  /** How deep in its own methods the trace is. */
  depth: number;
  /** How often the stand-in was given out, less how often it came back. */
  open: number;
  /** True once its learning rate was read as a number that is in the trace for good. */
  rateFrozen: boolean;
  iterations: number;
}

import { type Engine, jit } from '@edm2/tfjs-jit';
import { lowerToTensorflow } from '@edm2/tfjs-libtensorflow';

/** What TensorFlow would be given of one call: the text of a graph, in which ops are counted by name. */
export interface TensorflowGraph {
  readonly text: string;
  count(op: string): number;
}

/** Lowers one call of a function for TensorFlow; nothing is loaded, and the library need not be there. */
export function tensorflowGraph<Args extends readonly unknown[]>(
  fn: (...args: Args) => unknown,
  args: Args,
  donate: readonly number[] = [],
): TensorflowGraph {
  let text = '';
  const engine: Engine = {
    name: 'recorder',
    backend: 'cpu',
    compile(graph, options) {
      text = new TextDecoder('latin1').decode(lowerToTensorflow(graph, options, 'cpu').graphDef);
      throw new Error(RECORDED);
    },
  };
  try {
    jit(fn, { engine, donate })(...args);
  } catch (error) {
    if (!(error instanceof Error && error.message === RECORDED)) throw error;
  }
  return { text, count: (op) => text.split(`.${op}\x12`).length - 1 };
}

const RECORDED = 'recorded';

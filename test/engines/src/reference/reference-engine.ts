import { at, type Data, type Engine, type Graph, simplify, toData } from '@edm2/tfjs-jit/graph';
import * as tf from '@tensorflow/tfjs-core';
import { checkPasses, passed } from './check-passes.js';
import { walk } from './walk.js';

/**
 * An engine that computes graphs with TensorFlow.js's cpu kernels, and at a function's first call holds each pass against
 * the graph as it was traced. It needs nothing but `@edm2/tfjs-jit/graph`.
 */
export const referenceEngine: Engine = {
  name: 'reference',
  backend: 'cpu',
  // It runs the passes itself, to see what each of them does.
  passes: [],
  compile(traced) {
    const graph = simplify(traced);
    let unchecked = passed(traced);
    return {
      run(tensors) {
        const inputs = tensors.map(dataOf);
        checkPasses(traced, inputs, unchecked);
        unchecked = [];
        return tensorsOf(graph, walk(graph, inputs));
      },
      dispose() {},
    };
  },
  plan: (traced) => ({ graph: simplify(traced) }),
};

const dataOf = (tensor: tf.Tensor): Data => toData(tensor.dataSync() as ArrayLike<number>, tensor.dtype as 'float32');

/** New tensors of the cpu backend. */
function tensorsOf({ outputs }: Graph, made: readonly Data[]): tf.Tensor[] {
  const engine = tf.engine();
  const backend = engine.findBackend('cpu');
  return outputs.map(({ shape, dtype }, i) =>
    // A copy: an output may be an input, whose tensor lives on by itself.
    engine.makeTensorFromTensorInfo(
      { dataId: backend.write(at(made, i).slice(), [...shape], dtype), shape: [...shape], dtype },
      backend,
    ),
  );
}

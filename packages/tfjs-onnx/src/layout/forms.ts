import {
  type Attributes,
  at,
  type Graph,
  type GraphBuilder,
  graphBuilder,
  type Node,
  sizeOf,
  type Value,
} from '@edm2/tfjs-jit/graph';
import { between, identity, movesNothing, type Permutation, permute } from '../permutation.js';

/** One way in which a logical value lies in memory. */
export interface Form {
  readonly perm: Permutation;
  readonly value: Value;
}

/** Keeps, for every value of the old graph, the forms in which the new graph holds it. */
export interface Forms {
  readonly builder: GraphBuilder;
  /** The form in which the value was made. */
  native(value: Value): Form;
  all(value: Value): readonly Form[];
  has(value: Value, perm: Permutation): boolean;
  /** The value in the given order; a transposition is added once when no form has it. */
  get(value: Value, perm: Permutation): Value;
  /** What `get` would move, in elements; 0 for constants, which are moved at compile time. */
  cost(value: Value, perm: Permutation): number;
  /** Adds the node's kernel on the given inputs; its outputs lie in `perms`. */
  emit(node: Node, inputs: readonly Value[], attrs: Attributes, perms: readonly Permutation[]): void;
  /** Declares that an output is an existing value seen in another order. */
  alias(value: Value, form: Form): void;
  isConstant(value: Value): boolean;
}

/** A conversion that moved elements: which value was wanted in which order. */
export type Want = (value: Value, perm: Permutation) => void;

/** Forms of the inputs and constants of `graph`; inputs lie in `inputOrders`. */
export function createForms(graph: Graph, inputOrders: readonly Permutation[], want: Want): Forms {
  const builder = graphBuilder();
  const forms = new Map<Value, Form[]>();
  const of = (value: Value): Form[] => {
    const found = forms.get(value);
    if (found === undefined)
      throw new Error(`tfjs-jit: expected value ${value.id} to be made before its use, got none.`);
    return found;
  };
  graph.inputs.forEach((input, i) => {
    const perm = inputOrders[i] ?? identity(input.shape.length);
    forms.set(input, [{ perm, value: builder.input(permute(input.shape, perm), input.dtype) }]);
  });
  for (const [value, data] of graph.constants) {
    builder.adoptConstant(value, data);
    forms.set(value, [{ perm: identity(value.shape.length), value }]);
  }
  const find = (value: Value, perm: Permutation): Form | undefined =>
    of(value).find((form) => form.perm.every((p, i) => p === perm[i]));

  const convert = (value: Value, perm: Permutation): Value => {
    const sources = of(value);
    const free = sources.find((form) => movesNothing(form.value.shape, between(form.perm, perm)));
    const source = free ?? at(sources, 0);
    const move = between(source.perm, perm);
    const shape = permute(value.shape, perm);
    if (free === undefined && !graph.constants.has(value)) want(value, perm);
    const kernel = free === undefined ? 'Transpose' : 'Reshape';
    const attrs = free === undefined ? { perm: move } : { shape };
    return builder.one(kernel, [source.value], attrs, { shape, dtype: value.dtype }, { op: 'layout' });
  };

  return {
    builder,
    native: (value) => at(of(value), 0),
    all: of,
    has: (value, perm) => find(value, perm) !== undefined,
    get(value, perm) {
      const found = find(value, perm);
      if (found !== undefined) return found.value;
      const made = convert(value, perm);
      of(value).push({ perm, value: made });
      return made;
    },
    cost(value, perm) {
      if (graph.constants.has(value) || find(value, perm) !== undefined) return 0;
      const free = of(value).some((form) => movesNothing(form.value.shape, between(form.perm, perm)));
      return free ? 0 : sizeOf(value.shape);
    },
    emit(node, inputs, attrs, perms) {
      const signatures = node.outputs.map((output, i) => ({
        shape: permute(output.shape, at(perms, i)),
        dtype: output.dtype,
      }));
      const made = builder.node(node.kernel, inputs, attrs, signatures, node);
      node.outputs.forEach((output, i) => void forms.set(output, [{ perm: at(perms, i), value: at(made, i) }]));
    },
    alias: (value, form) => void forms.set(value, [...(forms.get(value) ?? []), form]),
    isConstant: (value) => graph.constants.has(value),
  };
}

import { at, type Graph, matcher, type Node, sameShape, type Value } from '@edm2/tfjs-jit/graph';
import { type AdamStep, matchAdam } from './adam.js';
import { matchTowards, type Towards } from './towards.js';

/** State that an engine keeps in a variable: position of the input that it comes in as, and of the output. */
export interface StateVariable {
  readonly input: number;
  readonly output: number;
}

/** How a variable gets its new value in place. */
export type Update =
  /** It stays as it is. */
  | { readonly kind: 'keep'; readonly variable: StateVariable }
  | { readonly kind: 'assign'; readonly variable: StateVariable; readonly value: Value }
  | ({ readonly kind: 'towards'; readonly variable: StateVariable; readonly result: Value } & Towards)
  | ({
      readonly kind: 'adam';
      readonly weight: StateVariable;
      readonly moments: readonly [StateVariable, StateVariable];
      readonly result: Value;
    } & AdamStep);

/** A graph whose state is updated in place; values that an update makes have no node any more. */
export interface Planned {
  readonly graph: Graph;
  readonly updates: readonly Update[];
}

/** The variables that an update is about. */
export const variablesOf = (update: Update): readonly StateVariable[] =>
  update.kind === 'adam' ? [update.weight, ...update.moments] : [update.variable];

/** Values that an update makes, and that are read from the variable afterwards. */
export function resultsOf(update: Update): readonly { readonly value: Value; readonly variable: StateVariable }[] {
  if (update.kind === 'towards') return [{ value: update.result, variable: update.variable }];
  if (update.kind !== 'adam') return [];
  return [
    { value: update.result, variable: update.weight },
    { value: update.first.result, variable: update.moments[0] },
    { value: update.second.result, variable: update.moments[1] },
  ];
}

/** Values that an update needs. */
export function operandsOf(update: Update): readonly Value[] {
  if (update.kind === 'keep') return [];
  if (update.kind === 'assign') return [update.value];
  if (update.kind === 'towards') return [update.to, update.share];
  return [update.before, update.gradient, update.rate, update.floor];
}

/**
 * Decides how each state variable is updated: by an optimizer kernel where one fits, else by assigning what the graph
 * computes.
 *
 * @param state - pairs of equal shape, float32.
 */
export function planUpdates(graph: Graph, state: readonly StateVariable[]): Planned {
  const match = matcher(graph);
  const result = (variable: StateVariable): Value => at(graph.outputs, variable.output);
  const stored = (variable: StateVariable): Value => at(graph.inputs, variable.input);
  const updates: Update[] = [];
  const planned = new Set<StateVariable>();
  /** Values that an update makes already: a second variable that gets the same one is assigned it. */
  const made = new Set<Value>();
  const plan = (update: Update, ...variables: StateVariable[]): void => {
    updates.push(update);
    for (const variable of variables) planned.add(variable);
    for (const { value } of resultsOf(update)) made.add(value);
  };
  const free = (from: Value, to: Value): StateVariable | undefined =>
    state.find((s) => stored(s) === from && result(s) === to && !planned.has(s) && !made.has(to));

  for (const weight of state) {
    const value = result(weight);
    const step = made.has(value) ? undefined : matchAdam(value, match);
    if (
      step === undefined ||
      !sameShape(step.gradient.shape, value.shape) ||
      !sameShape(step.before.shape, value.shape)
    )
      continue;
    const first = free(step.first.from, step.first.result);
    const second = free(step.second.from, step.second.result);
    if (first === undefined || second === undefined) continue;
    plan({ kind: 'adam', weight, moments: [first, second], result: value, ...step }, weight, first, second);
  }
  for (const variable of state) {
    if (planned.has(variable)) continue;
    const value = result(variable);
    const move = made.has(value) ? undefined : matchTowards(value, match);
    if (value === stored(variable)) plan({ kind: 'keep', variable }, variable);
    else if (move?.from === stored(variable) && sameShape(move.to.shape, value.shape))
      plan({ kind: 'towards', variable, result: value, ...move }, variable);
    else plan({ kind: 'assign', variable, value }, variable);
  }
  return { graph: withoutAbsorbed(graph, state, updates), updates };
}

/** Drops nodes that only updates needed and now do themselves. */
function withoutAbsorbed(graph: Graph, state: readonly StateVariable[], updates: readonly Update[]): Graph {
  const inPlace = new Set(state.map((variable) => variable.output));
  const results = new Set(updates.flatMap(resultsOf).map(({ value }) => value));
  const live = new Set<Value>([...graph.outputs.filter((_, i) => !inPlace.has(i)), ...updates.flatMap(operandsOf)]);
  const nodes: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => live.has(output) && !results.has(output))) continue;
    nodes.push(node);
    for (const input of node.inputs) live.add(input);
  }
  const constants = new Map([...graph.constants].filter(([value]) => live.has(value)));
  return { ...graph, nodes: nodes.reverse(), constants };
}

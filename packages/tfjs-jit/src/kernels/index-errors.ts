import type { Signature } from '../graph/builder.js';
import { type Attributes, type Data, type Node, sizeOf } from '../graph/graph.js';
import { located } from './located.js';
import { at, number, numbers, text } from './spec.js';

type Inputs = readonly Signature[];

/** How a kernel's indices are to be read. */
interface Rule {
  /** Position of the indices among the inputs. */
  readonly input: number;
  /** Extents that the indices point into. */
  into(inputs: Inputs, attrs: Attributes): readonly number[];
  /** How many numbers make one place, for indices of a shape. */
  depth(indices: readonly number[]): number;
  words(index: string, into: readonly number[], attrs: Attributes): string;
}

const lastExtent = (shape: readonly number[]): number => at(shape, shape.length - 1);
const one = (): number => 1;
const firstShape = (inputs: Inputs): readonly number[] => at(inputs, 0).shape;
const invalid = (index: string, into: readonly number[]): string =>
  `Invalid indices: ${index} does not index into ${into}`;
const rowsOrNumbers = (shape: readonly number[]): number => (shape.length > 1 ? lastExtent(shape) : 1);

const RULES: Readonly<Record<string, Rule>> = {
  GatherV2: {
    input: 1,
    into: (inputs, attrs) => [at(firstShape(inputs), number(attrs, 'axis'))],
    depth: one,
    words: (index, [extent = 0]) => `GatherV2: the index value ${index} is not in [0, ${extent - 1}]`,
  },
  GatherNd: { input: 1, into: firstShape, depth: lastExtent, words: invalid },
  ScatterNd: { input: 0, into: (_, attrs) => numbers(attrs, 'shape'), depth: rowsOrNumbers, words: invalid },
  TensorScatterUpdate: { input: 1, into: firstShape, depth: rowsOrNumbers, words: invalid },
  Require: { input: 1, into: () => [1], depth: one, words: (_index, _into, attrs) => text(attrs, 'words') },
};

/** Kernels whose indices must point into a tensor. */
export const INDEXED: ReadonlySet<string> = new Set(Object.keys(RULES));

/** What a compiled function needs to say which call had wrong indices. */
export interface IndexCheck {
  readonly op: string;
  readonly source: string | undefined;
  /** Position of the indices among the call's inputs. */
  readonly input: number;
  /** How many numbers make one place. */
  readonly depth: number;
  /** Extents that the numbers of one place point into. */
  readonly into: readonly number[];
  /** What is said of a wrong index. */
  readonly words: (index: string) => string;
}

function checkOf(kernel: string, inputs: Inputs, attrs: Attributes): Omit<IndexCheck, 'op' | 'source'> | undefined {
  const rule = RULES[kernel];
  if (rule === undefined) return undefined;
  const { input } = rule;
  const into = rule.into(inputs, attrs);
  const depth = rule.depth(at(inputs, input).shape);
  return { input, depth, into: into.slice(0, depth), words: (index) => rule.words(index, into, attrs) };
}

/** The check of a kernel call, if its indices must point into a tensor. */
export function indexCheck({ kernel, inputs, attrs, op, source }: Node): IndexCheck | undefined {
  const check = checkOf(kernel, inputs, attrs);
  return check && { ...check, op, source };
}

/**
 * Refuses indices that are known and point outside.
 *
 * TensorFlow.js's cpu kernels look at the place in memory alone: a row too long by one column there is the next row. Here
 * each number must lie in its axis.
 *
 * @throws {Error} in the words of the cpu kernel.
 */
export function checkIndices(
  kernel: string,
  inputs: Inputs,
  attrs: Attributes,
  known: readonly (Data | undefined)[],
): void {
  const check = checkOf(kernel, inputs, attrs);
  if (check === undefined) return;
  const { input, depth, into, words } = check;
  const data = known[input];
  // Nothing lies in an axis without extent, whatever the index.
  if (kernel === 'GatherV2' && into[0] === 0 && sizeOf(at(inputs, input).shape) > 0)
    throw new Error(words(String(data?.[0] ?? 'of any number')));
  const wrong = data?.findIndex((index, i) => index < 0 || index >= at(into, i % depth)) ?? -1;
  if (wrong < 0) return;
  const row = wrong - (wrong % depth);
  throw new Error(words(`${data?.slice(row, row + depth)}`));
}

/** As {@link checkIndices}, for a call whose indices became constants after it was recorded. */
export function checkNodeIndices(
  { kernel, inputs, attrs, op, source }: Node,
  known: readonly (Data | undefined)[],
): void {
  try {
    checkIndices(kernel, inputs, attrs, known);
  } catch (error) {
    throw located(error, op, source);
  }
}

/**
 * The error for indices that an engine refused while a compiled function ran: in TensorFlow.js's words, with the line.
 *
 * @param cause - what the engine said.
 * @param index - the numbers of the wrong place, where the engine named them.
 */
export const indexError = (check: IndexCheck, cause: Error, index?: readonly number[]): Error =>
  located(new Error(check.words(index?.join() ?? 'one of them'), { cause }), check.op, check.source) as Error;

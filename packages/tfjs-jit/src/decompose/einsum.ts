import { backend_util, matMul, reshape, sum, type Tensor, transpose, util } from '@tensorflow/tfjs-core';
import { at, text } from '../kernels/spec.js';
import type { Decompositions } from './decomposition.js';

/** A tensor and the letter of each of its axes. */
interface Term {
  readonly tensor: Tensor;
  readonly letters: readonly string[];
}

const extent = ({ tensor, letters }: Term, letter: string): number => tensor.shape[letters.indexOf(letter)] ?? 1;

/** Sums away the axes whose letters are not among `keep`. */
function drop(term: Term, keep: ReadonlySet<string>): Term {
  const axes = term.letters.flatMap((letter, axis) => (keep.has(letter) ? [] : [axis]));
  if (axes.length === 0) return term;
  return { tensor: sum(term.tensor, axes), letters: term.letters.filter((letter) => keep.has(letter)) };
}

function ordered(term: Term, letters: readonly string[]): Tensor {
  const perm = letters.map((letter) => term.letters.indexOf(letter));
  return perm.every((p, i) => p === i) ? term.tensor : transpose(term.tensor, perm);
}

/** Contracts two terms with one batched matrix product; letters of `keep` stay. */
function contract(left: Term, right: Term, keep: ReadonlySet<string>): Term {
  const shared = (letter: string, other: Term): boolean => other.letters.includes(letter);
  const a = drop(left, new Set([...keep, ...right.letters]));
  const b = drop(right, new Set([...keep, ...left.letters]));
  const batch = a.letters.filter((letter) => shared(letter, b) && keep.has(letter));
  const inner = a.letters.filter((letter) => shared(letter, b) && !keep.has(letter));
  const rows = a.letters.filter((letter) => !shared(letter, b));
  const columns = b.letters.filter((letter) => !shared(letter, a));
  const size = (term: Term, letters: readonly string[]): number =>
    letters.reduce((product, letter) => product * extent(term, letter), 1);
  const factor = (term: Term, first: readonly string[], second: readonly string[]): Tensor =>
    reshape(ordered(term, [...batch, ...first, ...second]), [size(term, batch), size(term, first), size(term, second)]);
  const made = matMul(factor(a, rows, inner), factor(b, inner, columns));
  const letters = [...batch, ...rows, ...columns];
  const shape = letters.map((letter) => extent(a.letters.includes(letter) ? a : b, letter));
  return { tensor: reshape(made, shape), letters };
}

/** Einstein sums as matrix products; TensorFlow.js takes one term or two. */
export const einsum: Decompositions = {
  Einsum(inputs, attrs) {
    const tensors = Object.values(inputs) as Tensor[];
    const equation = text(attrs, 'equation').replace(/\s/g, '');
    const { allDims, idDims } = backend_util.decodeEinsumEquation(equation, tensors.length);
    backend_util.checkEinsumDimSizes(allDims.length, idDims, tensors);
    const [from = '', to = ''] = equation.split('->');
    const terms = from.split(',').map((letters, i): Term => ({ tensor: at(tensors, i), letters: [...letters] }));
    const result = [...to];
    util.assert(
      new Set(result).size === result.length,
      () => `Error in einsum: expected each letter once in the output, got ${to}.`,
    );
    const keep = new Set(result);
    return ordered(
      drop(
        terms.reduce((a, b) => contract(a, b, keep)),
        keep,
      ),
      result,
    );
  },
};

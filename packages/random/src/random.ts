import { hashPath, type PathElement } from './hash-path.js';
import { createStream, type RandomStream } from './stream.js';

/** A seed: the root of every stream of a run. */
export interface Random {
  /** The seed that this was made from. */
  readonly seed: number;
  /**
   * Opens the stream at an address, at its beginning. The same seed and path give the same numbers, whatever other streams exist
   * and however far they were read; streams of different seeds or paths are independent.
   *
   * @param path - purposes, names, indices: strings or finite numbers. `1` and `'1'` are different addresses; so are `('a', 'b')` and `('ab')`.
   * @throws {TypeError} when an element is neither a string nor a number.
   * @throws {RangeError} when a number is not finite.
   */
  stream(...path: PathElement[]): RandomStream;
}

/**
 * Seeded random streams addressed by (seed, purpose, index).
 *
 * @param seed - a safe integer, −(2⁵³−1) … 2⁵³−1.
 * @returns opens streams; holds no state of its own.
 * @throws {RangeError} when the seed is not a safe integer.
 */
export function createRandom(seed: number): Random {
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(
      `createRandom: expected seed to be a safe integer, got ${String(seed)}. Round it or pick one below 2^53.`,
    );
  }
  return {
    seed,
    stream(...path) {
      path.forEach(checkElement);
      return createStream(hashPath(seed, path));
    },
  };
}

function checkElement(element: PathElement, index: number): void {
  if (typeof element !== 'string' && typeof element !== 'number') {
    throw new TypeError(
      `stream: expected path[${index}] to be a string or a number, got ${element === null ? 'null' : typeof element}. Convert it.`,
    );
  }
  if (typeof element === 'number' && !Number.isFinite(element)) {
    throw new RangeError(
      `stream: expected path[${index}] to be a finite number, got ${element}. Use a string for a special case.`,
    );
  }
}

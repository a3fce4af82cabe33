import { multiplyTransposed } from './multiply-transposed.js';
import { pivotedCholesky } from './pivoted-cholesky.js';
import { symmetricEigenvalues } from './symmetric-eigenvalues.js';

/** The three routines that the Fréchet distance spends its time in. */
export interface LinearAlgebra {
  /** `out += a·bᵀ`; blocks whose `first` is Infinity may be left as they are. */
  readonly multiplyTransposed: typeof multiplyTransposed;
  readonly pivotedCholesky: typeof pivotedCholesky;
  readonly symmetricEigenvalues: typeof symmetricEigenvalues;
}

/** Plain typed arrays: everywhere, on one core. */
export const TYPED_ARRAYS: LinearAlgebra = { multiplyTransposed, pivotedCholesky, symmetricEigenvalues };

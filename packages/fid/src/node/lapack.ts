import type { LinearAlgebra } from '../linear-algebra/linear-algebra.js';
import { bindLapack } from './lapack-routines.js';
import { verifyLinearAlgebra } from './verify-linear-algebra.js';

/** Where LAPACK usually lies, in the order tried; names alone are found by the system's loader. */
const USUAL: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ['libopenblas.so.0', 'libopenblas.so', 'libmkl_rt.so.2', 'libflexiblas.so.3', 'liblapack.so.3'],
  darwin: [
    '/System/Library/Frameworks/Accelerate.framework/Accelerate',
    '/opt/homebrew/opt/openblas/lib/libopenblas.dylib',
    '/usr/local/opt/openblas/lib/libopenblas.dylib',
  ],
  win32: ['libopenblas.dll', 'mkl_rt.2.dll'],
};

/** Options of `findLapack`. */
export interface FindLapackOptions {
  /** A shared library with LAPACK and BLAS, OpenBLAS of a Python wheel (`numpy.libs`, `scipy_openblas64`) included; then only this one is tried. */
  readonly library?: string | undefined;
}

/** A LAPACK that was found and checked. */
export interface Lapack extends LinearAlgebra {
  /** The library as it was opened. */
  readonly library: string;
}

/**
 * Looks for a LAPACK on this machine and checks it once, by the residuals of small problems. It is called through koffi, an optional
 * dependency: where koffi or LAPACK is missing, the answer is undefined and plain typed arrays do the same work.
 *
 * @returns what `frechetDistance` takes as `linearAlgebra`; undefined when none of the usual libraries is there, or none computes right.
 * @throws {RangeError} (rejects) when `library` was named and cannot be used.
 */
export async function findLapack({ library }: FindLapackOptions = {}): Promise<Lapack | undefined> {
  for (const file of library === undefined ? (USUAL[process.platform] ?? []) : [library]) {
    try {
      const routines = await bindLapack(file);
      verifyLinearAlgebra(routines);
      return { ...routines, library: file };
    } catch (cause) {
      if (library === undefined) continue;
      throw new RangeError(
        `findLapack: expected a library with LAPACK's dpstrf, dsyevd and BLAS's dgemm, got ${file}, which cannot be used (${cause instanceof Error ? cause.message : cause}). Name another, or none.`,
        { cause },
      );
    }
  }
  return undefined;
}

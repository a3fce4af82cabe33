import type { LinearAlgebra } from '@edm2/fid';
import { findLapack } from '@edm2/fid/node';

/** Dimensions from which a machine's LAPACK, if it has one, is worth looking for. */
const LARGE = 512;

/** Who factors matrices of so many dims. */
export const linearAlgebraFor = async (dims: number): Promise<{ linearAlgebra?: LinearAlgebra | undefined }> =>
  dims >= LARGE ? { linearAlgebra: await findLapack() } : {};

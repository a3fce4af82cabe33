import { toFloat32 } from '@edm2/tensor-files';
import { isFloat } from './float-type.js';
import type { StoredFile } from './stored-file.js';

/** As many numbers tell a fit from a misfit as surely as all of them, and read in no time. */
const [MAX_TENSORS, MAX_VALUES] = [64, 512];

/**
 * Some numbers of each file at the same places: of tensors spread over the whole network, where they are finite in every file and not the
 * same in all.
 *
 * @returns by file; as many of each.
 */
export async function sampleValues(
  files: readonly StoredFile[],
  signal?: AbortSignal | undefined,
): Promise<Float64Array[]> {
  const tensors = [...(files[0]?.entries ?? [])].flatMap(([name, { dtype, shape }]) => {
    const size = shape.reduce((product, side) => product * side, 1);
    return isFloat(dtype) && size > 0 ? [{ name, dtype, size }] : [];
  });
  const stride = Math.max(1, tensors.length / MAX_TENSORS);
  const chosen = tensors.filter((_, i) => Math.floor(i / stride) !== Math.floor((i - 1) / stride));
  const rows: number[][] = [];
  for (const file of files) {
    const row: number[] = [];
    for (const { name, dtype, size } of chosen) {
      signal?.throwIfAborted();
      const data = await file.readRange(name, 0, Math.min(size, MAX_VALUES));
      row.push(...(data instanceof Float64Array ? data : toFloat32(data, dtype)));
    }
    rows.push(row);
  }
  const [first = []] = rows;
  const useful = first.flatMap((value, i) =>
    rows.every((row) => Number.isFinite(row[i])) && rows.some((row) => row[i] !== value) ? [i] : [],
  );
  return rows.map((row) => Float64Array.from(useful, (i) => row[i] as number));
}

import { type Dtype, type TensorData, type TensorSpec, toFloat32 } from '@edm2/tensor-files';
import type { Sums } from './accumulator.js';
import { type CombinedChunk, filesInUse } from './combine.js';
import { isFloat } from './float-type.js';
import { OptionError } from './option-error.js';
import type { OutputPlan } from './output-plan.js';
import type { StoredFile } from './stored-file.js';

/** A tensor with infinities or NaN in it. */
export interface NotFinite {
  readonly name: string;
  /** How many. */
  readonly count: number;
}

/** Notices numbers of results that are not finite. */
export interface FiniteWatch {
  /**
   * Looks at a piece of the sums.
   *
   * @throws {OptionError} (rejects) when the snapshots' numbers are finite: then the results' type cannot hold the sums.
   */
  look(chunk: CombinedChunk): Promise<void>;
  /** Looks at values that all results get. */
  lookAtCopy(name: string, values: TensorData): void;
  /** By result. */
  found(): NotFinite[][];
}

/** From here on a number rounds to infinity in bfloat16. */
const BF16_LIMIT = 2 ** 128 * (1 - 2 ** -9);

/** All exponent bits of a float16. */
const F16_EXPONENT = 0x7c00;

export function createFiniteWatch(
  plans: readonly OutputPlan[],
  specs: Readonly<Record<string, TensorSpec>>,
  files: readonly StoredFile[],
): FiniteWatch {
  const counts = plans.map(() => new Map<string, number>());
  const add = (k: number, name: string, count: number): void => {
    if (count > 0) counts[k]?.set(name, (counts[k]?.get(name) ?? 0) + count);
  };
  return {
    async look({ name, begin, end, sums }) {
      const dtype = specs[name]?.dtype ?? 'F32';
      for (const [k, values] of sums.entries()) {
        const count = countNotFinite(values, dtype);
        const plan = plans[k];
        if (count === 0 || !plan) continue;
        // Once per tensor: numbers of the snapshots that are not finite seldom come alone.
        if (!counts[k]?.has(name)) {
          const used = filesInUse(files, [plan.weightsOf(name)]).map((i) => files[i] as StoredFile);
          if (await areFinite(used, name, begin, end, values, dtype)) throw tooNarrow(name, dtype, plan.file.sigmaRel);
        }
        add(k, name, count);
      }
    },
    lookAtCopy(name, values) {
      const dtype = specs[name]?.dtype ?? 'F32';
      const count = isFloat(dtype) ? countNotFinite(values as Sums, dtype) : 0;
      for (const k of plans.keys()) add(k, name, count);
    },
    found: () => counts.map((each) => [...each].map(([name, count]) => ({ name, count }))),
  };
}

const tooNarrow = (name: string, dtype: Dtype, sigmaRel: number): OptionError =>
  new OptionError(
    (option) =>
      `reconstructFiles: expected numbers that ${dtype} can hold, got larger ones in ${name} of sigmaRel ${sigmaRel}. Give ${option('dtype')} ${dtype === 'F16' ? 'float32 or bfloat16' : 'float64'}.`,
  );

/** Infinities and NaN among values as they reach the writer: bits of float16 and bfloat16 in 16-bit words. */
function countNotFinite(values: Sums, dtype: Dtype): number {
  let count = 0;
  if (values instanceof Uint16Array) {
    const exponent = dtype === 'BF16' ? 0x7f80 : F16_EXPONENT;
    for (let i = 0; i < values.length; i++) if (((values[i] as number) & exponent) === exponent) count++;
    return count;
  }
  const limit = dtype === 'BF16' ? BF16_LIMIT : Number.POSITIVE_INFINITY;
  for (let i = 0; i < values.length; i++) if (!(Math.abs(values[i] as number) < limit)) count++;
  return count;
}

/** Whether the snapshots are finite wherever a sum is not. */
async function areFinite(
  files: readonly StoredFile[],
  name: string,
  begin: number,
  end: number,
  sums: Sums,
  dtype: Dtype,
): Promise<boolean> {
  const places = Array.from(sums.keys()).filter((i) => countNotFinite(sums.subarray(i, i + 1), dtype) > 0);
  for (const file of files) {
    const data = await file.readRange(name, begin, end);
    const values = data instanceof Float64Array ? data : toFloat32(data, file.entries.get(name)?.dtype ?? 'F32');
    for (const i of places) if (!Number.isFinite(values[i])) return false;
  }
  return true;
}

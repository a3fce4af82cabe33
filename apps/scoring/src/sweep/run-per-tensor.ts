import type { PointMeasure } from './measure-points.js';
import { canonical, keyOf, type SweepPoint, type TensorLength } from './point.js';
import { ranked, type ScoreKind, type SweepResult } from './result.js';

/** What {@link runPerTensor} needs. */
export interface PerTensorOptions extends PointMeasure {
  /** Patterns of tensor names: a curve each. */
  readonly patterns: readonly string[];
  /** EMA lengths of the curves. */
  readonly lengths: readonly number[];
  /** Length of all other tensors; default the best of those that are known when all have the same. */
  readonly others?: number | undefined;
  /** Guidance of every point. */
  readonly guidance: Omit<SweepPoint, 'sigmaRel' | 'own'>;
  readonly score: ScoreKind;
}

/** Score over the EMA length of some tensors. */
export interface TensorCurve {
  /** undefined: all tensors have that length. */
  readonly pattern: string | undefined;
  /** By length. */
  readonly points: readonly { readonly sigmaRel: number; readonly result: SweepResult }[];
}

/** What was found. */
export interface PerTensorResult {
  /** Length of all other tensors. */
  readonly others: number;
  /** Lengths that it was chosen from; 0: it was given. */
  readonly chosenFrom: number;
  /** That of all tensors first. */
  readonly curves: readonly TensorCurve[];
}

/**
 * Score against the EMA length of some tensors while all others keep theirs, as the paper varies them around the global optimum, and against
 * that of all tensors: the curve to compare
 * with, and where the others' length comes from. It takes in every length of the same guidance that was scored before.
 *
 * @see Karras et al. 2024, Figure 5b.
 */
export async function runPerTensor(options: PerTensorOptions): Promise<PerTensorResult> {
  const { patterns, lengths, guidance, score, measure } = options;
  const at = (sigmaRel: number, own?: TensorLength): SweepPoint => canonical({ ...guidance, sigmaRel, own });
  const isGlobal = (point: SweepPoint): boolean => keyOf(point) === keyOf(at(point.sigmaRel));
  const known = options.known().filter(isGlobal);
  const globalLengths = ascending([
    ...lengths,
    ...known.map(({ sigmaRel }) => sigmaRel),
    ...(options.others === undefined ? [] : [options.others]),
  ]);
  const global = await measure(globalLengths.map((sigmaRel) => at(sigmaRel)));
  const others = options.others ?? ranked(global, score)[0]?.point.sigmaRel;
  if (others === undefined) throw new RangeError('runPerTensor: expected EMA lengths, got none. Give some.');

  const curves: TensorCurve[] = [curveOf(undefined, globalLengths, global)];
  const varied = ascending([...lengths, others]);
  for (const tensors of patterns) {
    const found = await measure(varied.map((sigmaRel) => at(others, { tensors, sigmaRel })));
    curves.push(curveOf(tensors, varied, found));
  }
  return { others, chosenFrom: options.others === undefined ? globalLengths.length : 0, curves };
}

const ascending = (values: readonly number[]): number[] => [...new Set(values)].sort((a, b) => a - b);

const curveOf = (
  pattern: string | undefined,
  lengths: readonly number[],
  results: readonly SweepResult[],
): TensorCurve => ({
  pattern,
  points: lengths.flatMap((sigmaRel, i) => (results[i] ? [{ sigmaRel, result: results[i] }] : [])),
});

/** The best point of a curve. */
export const bestOfCurve = ({ points }: TensorCurve, kind: ScoreKind): TensorCurve['points'][number] | undefined => {
  const [best] = ranked(
    points.map(({ result }) => result),
    kind,
  );
  return points.find(({ result }) => result === best);
};

import { cost, type ScoreKind, type SweepResult } from '@edm2/app-scoring/sweep/result';

/** The best result of each group, groups in the order of their first member. */
export function bestOver(
  results: readonly SweepResult[],
  kind: ScoreKind,
  keyOf: (result: SweepResult) => string,
): SweepResult[] {
  const best = new Map<string, SweepResult>();
  for (const result of results) {
    const key = keyOf(result);
    const known = best.get(key);
    if (!known || cost(result, kind) < cost(known, kind)) best.set(key, result);
  }
  return [...best.values()];
}

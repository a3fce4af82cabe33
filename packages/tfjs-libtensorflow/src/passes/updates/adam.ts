import { isScalar, type Matcher, type Value } from '@edm2/tfjs-jit/graph';
import { matchTowards } from './towards.js';

/** One parameter's step of Adam, its bias correction drawn into two scalars. */
export interface AdamStep {
  /** The weight that the step starts from, not always the stored one. */
  readonly before: Value;
  readonly gradient: Value;
  /** The moments before and after. */
  readonly first: { readonly from: Value; readonly result: Value };
  readonly second: { readonly from: Value; readonly result: Value };
  readonly beta1: number;
  readonly beta2: number;
  /** What the quotient is multiplied by, one element. */
  readonly rate: Value;
  /** What is added to the root, one element. */
  readonly floor: Value;
}

/**
 * Recognises `before − rate·m / (√v + floor)` with `m = m₀ + (1−β₁)(g − m₀)` and `v = v₀ + (1−β₂)(g² − v₀)`.
 *
 * @param value - the weight after the step.
 */
export function matchAdam(value: Value, match: Matcher): AdamStep | undefined {
  const { made, operands } = match;
  const [before, step] = made(value, 'Sub')?.inputs ?? [];
  if (before === undefined) return undefined;
  for (const [quotient, rate] of operands(step, 'Multiply')) {
    const [m, divisor] = made(quotient, 'RealDiv')?.inputs ?? [];
    if (m === undefined || !isScalar(rate)) continue;
    for (const [root, floor] of operands(divisor, 'Add')) {
      const v = made(root, 'Sqrt')?.inputs[0];
      if (v === undefined || !isScalar(floor)) continue;
      const moments = matchMoments(m, v, match);
      if (moments !== undefined) return { before, rate, floor, ...moments };
    }
  }
  return undefined;
}

type Moments = Pick<AdamStep, 'gradient' | 'first' | 'second' | 'beta1' | 'beta2'>;

function matchMoments(m: Value, v: Value, match: Matcher): Moments | undefined {
  const [first, second] = [matchTowards(m, match), matchTowards(v, match)];
  if (first === undefined || second === undefined || !isSquare(second.to, first.to, match)) return undefined;
  const [share1, share2] = [match.number(first.share), match.number(second.share)];
  if (share1 === undefined || share2 === undefined) return undefined;
  return {
    gradient: first.to,
    first: { from: first.from, result: m },
    second: { from: second.from, result: v },
    beta1: 1 - share1,
    beta2: 1 - share2,
  };
}

function isSquare(value: Value, of: Value, { made }: Matcher): boolean {
  if (made(value, 'Square')?.inputs[0] === of) return true;
  return made(value, 'Multiply')?.inputs.every((factor) => factor === of) === true;
}

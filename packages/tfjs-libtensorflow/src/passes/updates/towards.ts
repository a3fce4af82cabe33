import { isScalar, type Matcher, type Value } from '@edm2/tfjs-jit/graph';

/** A value that moves a share of the way to another one: `from + share·(to − from)`. */
export interface Towards {
  readonly from: Value;
  readonly to: Value;
  /** One element. */
  readonly share: Value;
}

/** Recognises `from + (to − from)·share`, the factors and terms in either order. */
export function matchTowards(value: Value, { made, operands }: Matcher): Towards | undefined {
  for (const [from, move] of operands(value, 'Add')) {
    for (const [gap, share] of operands(move, 'Multiply')) {
      const [to, start] = made(gap, 'Sub')?.inputs ?? [];
      if (start === from && to !== undefined && isScalar(share)) return { from, to, share };
    }
  }
  return undefined;
}

import { plainCat, plainSum } from './ladder.js';
import type { Vocabulary } from './vocabulary.js';

/** Constants of the magnitude-preserving functions, and the limit of blocks' outputs. The names are those of the published network. */
export interface Balances {
  /** Share of the class in the embedding, 0 ≤ t ≤ 1. Default 0.5. Config G: plain sums have none. */
  readonly labelBalance?: number;
  /** Share of the skip where the decoder joins one, 0 ≤ t ≤ 1. Default 0.5. Config G: plain concatenations have none. */
  readonly concatBalance?: number;
  /** Share of the residual branch in a block, 0 ≤ t ≤ 1. Default 0.3. Config G. */
  readonly resBalance?: number;
  /** Share of the attention branch in a block, 0 ≤ t ≤ 1. Default 0.3. Config G. */
  readonly attnBalance?: number;
  /** Blocks limit their output to ± this, > 0; null: they do not. Default 256. */
  readonly clipAct?: number | null;
}

/** Where each share stands in the vocabulary, and the word that must know what to do with one. */
const SHARES = {
  labelBalance: ['label', 'sum'],
  concatBalance: ['skip', 'cat'],
  resBalance: ['block', 'sum'],
  attnBalance: ['attention', 'sum'],
} as const;

/** Names of all balances. */
export const BALANCE_NAMES = [
  ...(Object.keys(SHARES) as (keyof typeof SHARES)[]),
  'clipAct',
] as const satisfies readonly (keyof Balances)[];

/** A vocabulary with the balances that are set. @throws {RangeError} when one is out of range, or its function would ignore it. */
export function balanced(vocabulary: Vocabulary, balances: Balances): Vocabulary {
  if (BALANCE_NAMES.every((name) => balances[name] === undefined)) return vocabulary;
  const share = { ...vocabulary.share };
  for (const [name, [place, word]] of Object.entries(SHARES)) {
    const value = balances[name as keyof typeof SHARES];
    if (value === undefined || value === share[place]) continue;
    if (!(typeof value === 'number' && value >= 0 && value <= 1))
      throw new RangeError(
        `createUNet: expected ${name} from 0 to 1, got ${JSON.stringify(value)}. It is the share of one of two.`,
      );
    if (vocabulary[word] === plainSum || vocabulary[word] === plainCat)
      throw new RangeError(
        `createUNet: expected ${name} with a magnitude-preserving ${word}, got ${value} with a plain one, which knows no shares. Set ${word}: 'mp' too, or leave ${name} out.`,
      );
    share[place] = value;
  }
  const { clipAct = vocabulary.clipAct } = balances;
  if (clipAct !== null && !(Number.isFinite(clipAct) && clipAct > 0))
    throw new RangeError(
      `createUNet: expected clipAct as a number above 0, or null for no limit, got ${JSON.stringify(clipAct)}. The published networks have 256.`,
    );
  return { ...vocabulary, share, clipAct };
}

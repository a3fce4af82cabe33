import type { BlockFactory } from './network.js';
import type { Words } from './words.js';

/**
 * What a config is made of: the words that its blocks are written in, and the block that they make up. `ladder.ts` spells
 * configs A to G; a variant of one's own is one more spread, `createUNet(options, { vocabulary: { ...ladder.G, sum: plainSum } })`.
 */
export interface Vocabulary extends Words {
  /** Order of a block's operations. */
  readonly block: BlockFactory;
}

import type { Labels } from '../labels.js';
import type { Conversion, DatasetReport } from '../report.js';
import type { Refusal } from './convert-image.js';

/** Why an image of the source is not in the result. */
export type PassedOverImage = Refusal | 'duplicate';

/** What that is, in words that follow a number of images. */
const WORDS: Readonly<Record<PassedOverImage, string>> = {
  damaged: 'damaged',
  unsupported: 'of a kind that is not read',
  'too-large': 'too large',
  'too-small': 'too small',
  duplicate: 'nearly the same as an earlier one',
};

/** Images passed over for one reason. */
export interface PassedOverImages {
  readonly reason: PassedOverImage;
  /** In words that follow a number of images. */
  readonly what: string;
  readonly count: number;
  /** Name of the first one, and what was wrong with it. */
  readonly example: string;
  readonly why: string;
}

/** What became of the images of a source. */
export interface ConvertReport {
  /** Images of the result. */
  readonly images: number;
  /** Their side in pixels. */
  readonly side: number;
  readonly channels: 1 | 3;
  /** Files that are no images, where labels come from, what is done to all. */
  readonly source: DatasetReport;
  readonly labelKind: Labels['kind'];
  readonly classNames: readonly string[];
  /** Most frequent first. */
  readonly passedOver: readonly PassedOverImages[];
  /** Of the images that this call has converted, not of those that an interrupted one left. */
  readonly conversions: readonly Conversion[];
}

/** Collects what is passed over. */
interface Refusals {
  add(index: number, reason: PassedOverImage, why: string): void;
  list(): PassedOverImages[];
}

/** Remembers of each reason how many, and the first in order, whatever order they come in. */
export function createRefusals(nameOf: (index: number) => string): Refusals {
  const found = new Map<PassedOverImage, { count: number; first: number; why: string }>();
  return {
    add: (index, reason, why) => {
      const entry = found.get(reason);
      if (!entry) return void found.set(reason, { count: 1, first: index, why });
      entry.count++;
      if (index < entry.first) Object.assign(entry, { first: index, why });
    },
    list: () =>
      [...found]
        .map(([reason, { count, first, why }]) => ({ reason, what: WORDS[reason], count, example: nameOf(first), why }))
        .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)),
  };
}

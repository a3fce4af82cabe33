/** What distances to the nearest training images say together. */
export interface NeighbourSummary {
  /** Images that were looked at. */
  readonly images: number;
  /** Median distance of a generated image to its nearest training image. */
  readonly median: number;
  /** The same of held-out images; of what follows, too, absent without them. */
  readonly heldOut?: {
    readonly images: number;
    readonly median: number;
    /** Smallest of them. */
    readonly least: number;
    /** Median of generated images over that of held-out ones: about 1 where nothing is learned by heart, 0 where all is copied. */
    readonly ratio: number;
    /** Generated images that are nearer to a training image than any held-out one is. */
    readonly nearer: number;
  };
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
};

/**
 * @param generated - distance of each generated image to its nearest training image; not empty.
 * @param heldOut - the same of held-out images, to the same training images; left out, or not empty.
 */
export function summarise(generated: readonly number[], heldOut?: readonly number[]): NeighbourSummary {
  const own = { images: generated.length, median: median(generated) };
  if (heldOut === undefined) return own;
  const [theirs, least] = [median(heldOut), Math.min(...heldOut)];
  return {
    ...own,
    heldOut: {
      images: heldOut.length,
      median: theirs,
      least,
      ratio: own.median / theirs,
      nearer: generated.filter((distance) => distance < least).length,
    },
  };
}

/** The same in words. */
export function summaryLines({ images, median: own, heldOut }: NeighbourSummary, look: string): string[] {
  const lines = [
    `nearest training image (${look}): median distance ${own.toPrecision(3)} of ${images} generated images`,
  ];
  if (!heldOut) return [...lines, 'how far images are that were never trained on, --held-out tells'];
  return [
    ...lines,
    `of ${heldOut.images} held-out images ${heldOut.median.toPrecision(3)}; ratio ${heldOut.ratio.toFixed(2)}: about 1 is as new as they are, 0 is a copy`,
    `${heldOut.nearer} of ${images} generated images are nearer to a training image than any held-out image is (${heldOut.least.toPrecision(3)})`,
  ];
}

import { UsageError } from '@edm2/command/errors';
import { createRandom } from '@edm2/random';

/**
 * Images of the draws, no image in two: `draws` parts of `num`, of an order drawn by `seed`; all images in stored order where one
 * draw takes them all.
 *
 * @throws {UsageError} when there are too few.
 */
export function drawIndices(total: number, num: number | undefined, draws: number, seed: number): number[][] {
  const each = num ?? Math.floor(total / draws);
  if (each < 2 || each * draws > total)
    throw new UsageError(
      `--num: expected ${draws > 1 ? `${draws} draws of ` : ''}at least 2 and at most ${Math.floor(total / draws)} images, got ${each} of ${total}. Take fewer.`,
    );
  if (draws === 1 && each === total) return [Array.from({ length: total }, (_, i) => i)];
  const order = createRandom(seed).stream('metrics', 'images').permutation(total);
  return Array.from({ length: draws }, (_, draw) => Array.from(order.subarray(draw * each, (draw + 1) * each)));
}

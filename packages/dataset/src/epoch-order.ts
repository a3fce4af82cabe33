import { createRandom } from '@edm2/random';

/** Image indices by image number. */
export interface EpochOrder {
  /** Index of image number `nimg`, 0 ≤ nimg. */
  at(nimg: number): number;
}

/**
 * Every epoch a permutation of its own, from the stream `('epoch', e)` of the seed: the order depends on nothing but
 * (seed, image number).
 */
export function createEpochOrder(length: number, seed: number): EpochOrder {
  const random = createRandom(seed);
  const orders = new Map<number, Int32Array>();
  return {
    at: (nimg) => {
      const epoch = Math.floor(nimg / length);
      let order = orders.get(epoch);
      if (!order) {
        order = random.stream('epoch', epoch).permutation(length);
        // A batch spans at most two epochs unless the set is smaller than a batch; then this only costs time.
        if (orders.size >= 2) orders.delete(Math.min(...orders.keys()));
        orders.set(epoch, order);
      }
      return order[nimg % length] as number;
    },
  };
}

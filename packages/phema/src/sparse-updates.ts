import type { Profile } from './profile.js';
import type { ProfileSpace, TargetVector } from './profile-space.js';

/**
 * A stored average, which may have been updated seldom: with `updateEvery` k > 1 it took in the weights of steps 1, 1 + k, 1 + 2k, … only,
 * each with the beta of a single step, `(c / (c + 1))^(gamma + 1)` at step c, and began as the weights of step 1. So does ema-pytorch. Its
 * profile is not a power function: early weights count far more than the exponent says.
 */
export interface StoredProfile extends Profile {
  /** Steps from one update to the next, a whole number ≥ 1; times then count steps. Default 1. */
  readonly updateEvery?: number | undefined;
}

/** Updates of one average beyond which the sums would take too long; more than any training has had. */
const MAX_UPDATES = 2 ** 23;

/** @throws {RangeError} when averages were updated at different intervals, or times do not fit. */
export function sharedUpdateEvery(stored: readonly StoredProfile[]): number {
  const every = stored[0]?.updateEvery ?? 1;
  for (const { updateEvery = 1, t } of stored) {
    if (!(Number.isInteger(updateEvery) && updateEvery >= 1))
      throw new RangeError(
        `synthesisWeights: expected updateEvery as a whole number ≥ 1, got ${updateEvery}. Give the steps from one update to the next.`,
      );
    if (updateEvery !== every)
      throw new RangeError(
        `synthesisWeights: expected all averages updated at the same steps, got updateEvery ${every} and ${updateEvery}. Take those of one run.`,
      );
    if (every > 1 && !(t >= 1 && t / every <= MAX_UPDATES))
      throw new RangeError(
        `synthesisWeights: expected 1 to ${MAX_UPDATES} updates before each snapshot, got t = ${t} with updateEvery ${every}. Times count steps here.`,
      );
  }
  return every;
}

/**
 * Averages that were updated at steps 1, 1 + k, 1 + 2k, … only, exactly: each is a weighted sum of the weights at these steps, and so is
 * the target, where the weights between them are taken to go straight. The weights of such a step stand for those of the k steps around it.
 *
 * @param every - k, ≥ 1.
 */
export function sparseSpace(stored: readonly StoredProfile[], every: number): ProfileSpace {
  const n = stored.length;
  const gammas = [...new Set(stored.map(({ gamma }) => gamma))];
  const places = stored.map(({ gamma, t }) => ({ track: gammas.indexOf(gamma), last: lastUpdate(t, every) }));
  const updates = Math.max(...places.map(({ last }) => last)) + 1;
  const tracks = gammas.map((gamma) => trackOf(gamma, updates, every));
  const width = (i: number): number => (i === 0 ? (1 + every) / 2 : every);

  /** `Σ aᵢ(m) bᵢ(m) / widthᵢ` of two tracks, by m, at the updates wanted. */
  const products = gammas.map((_, a) =>
    gammas.map((_, b) => {
      const wanted = new Map<number, number>();
      for (const { track, last } of places) if (track === a || track === b) wanted.set(last, 0);
      let dot = 0;
      for (let i = 0; i < updates; i++) {
        const [shareA, shareB] = [tracks[a]?.share[i] as number, tracks[b]?.share[i] as number];
        dot = (1 - shareA) * (1 - shareB) * dot + (shareA * shareB) / width(i);
        if (wanted.has(i)) wanted.set(i, dot);
      }
      return wanted;
    }),
  );
  const productOf = (i: number, j: number): number => {
    const [a, b] = [places[i], places[j]] as [Place, Place];
    const [early, late] = a.last <= b.last ? [a, b] : [b, a];
    const log = (tracks[late.track] as Track).log;
    // What is left of the early part after the later updates.
    const kept = Math.exp((log[late.last] as number) - (log[early.last] as number));
    return kept * (products[early.track]?.[late.track]?.get(early.last) as number);
  };
  const lengths = Float64Array.from(places, (_, i) => Math.sqrt(productOf(i, i)));
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const value = i === j ? 1 : productOf(i, j) / ((lengths[i] as number) * (lengths[j] as number));
      gram[i * n + j] = value;
      gram[j * n + i] = value;
    }

  return {
    gram,
    lengths,
    target(target): TargetVector {
      const { weights, unseen } = targetWeights(target, every);
      let squared = 0;
      for (const [i, weight] of weights.entries()) squared += weight ** 2 / width(i);
      const length = Math.sqrt(squared);
      const dots = new Float64Array(n);
      for (const [track, { share }] of tracks.entries()) {
        let dot = 0;
        const wanted = new Map<number, number>();
        for (const place of places) if (place.track === track) wanted.set(place.last, 0);
        for (let i = 0; i < updates; i++) {
          const part = share[i] as number;
          dot = (1 - part) * dot + (part * (weights[i] as number)) / width(i);
          if (wanted.has(i)) wanted.set(i, dot);
        }
        places.forEach((place, i) => {
          if (place.track === track) dots[i] = (wanted.get(place.last) as number) / ((lengths[i] as number) * length);
        });
      }
      return { dots, length, unseen };
    },
  };
}

interface Place {
  readonly track: number;
  /** Its last update, from 0. */
  readonly last: number;
}

/** Updates of one exponent. */
interface Track {
  /** What an update takes from the new weights; 1 at the first. */
  readonly share: Float64Array;
  /** Logarithm of what is left of the first weights after each update. */
  readonly log: Float64Array;
}

/** The update at or before step t. */
const lastUpdate = (t: number, every: number): number => Math.floor((t - 1) / every);

function trackOf(gamma: number, updates: number, every: number): Track {
  const share = new Float64Array(updates);
  const log = new Float64Array(updates);
  share[0] = 1;
  for (let i = 1; i < updates; i++) {
    const kept = -(gamma + 1) * Math.log1p(1 / (1 + i * every));
    share[i] = -Math.expm1(kept);
    log[i] = (log[i - 1] as number) + kept;
  }
  return { share, log };
}

/**
 * The average `∫ p(τ) θ(τ) dτ` as a sum over the weights at the updates: each stands for the steps nearest to it. The last one is too early
 * for its steps, which go on to t: there the line through the last two is followed.
 */
function targetWeights({ gamma, t }: Profile, every: number): { weights: Float64Array; unseen: number } {
  const updates = Math.max(lastUpdate(t, every), 0) + 1;
  const weights = new Float64Array(updates);
  // Step c is the time from c − 1 to c.
  const centre = (i: number): number => i * every + 0.5;
  const mass = (time: number): number => (time / t) ** (gamma + 1);
  let [from, before, seen] = [0, 0, 0];
  for (let i = 0; i < updates; i++) {
    const to = i === updates - 1 ? t : centre(i) + every / 2;
    const after = mass(to);
    weights[i] = after - before;
    seen += (after - before) ** 2 / (to - from);
    if (i < updates - 1) [from, before] = [to, after];
  }
  if (updates > 1) {
    const last = weights[updates - 1] as number;
    // ∫ τ p(τ) dτ over the last steps, divided by ∫ p(τ) dτ: their mean time.
    const mean = ((gamma + 1) / (gamma + 2)) * ((t - from * before) / last);
    const moved = last * ((mean - centre(updates - 1)) / every);
    weights[updates - 1] = last + moved;
    weights[updates - 2] = (weights[updates - 2] as number) - moved;
  }
  const whole = (gamma + 1) ** 2 / ((2 * gamma + 1) * t);
  return { weights, unseen: Math.sqrt(Math.max(0, 1 - seen / whole)) };
}

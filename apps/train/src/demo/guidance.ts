/**
 * Autoguidance (Karras et al. 2024, arXiv 2406.02507): the network is led away from what it was after a third of its training.
 * At weight 1.5 nearly every digit is legible and they still vary; from 2 on they all look alike.
 */
export const GUIDANCE = { weight: 1.5, share: 1 / 3, sigmaRel: 0.1 } as const;

/**
 * When the guiding average was taken.
 *
 * @param times - of the stored snapshots, in images; not empty.
 * @param images - length of the training.
 * @returns the one of `times` that is nearest to a share of the training.
 */
export function guideTime(times: readonly number[], images: number): number {
  const wanted = images * GUIDANCE.share;
  return times.reduce((a, b) => (Math.abs(b - wanted) < Math.abs(a - wanted) ? b : a));
}

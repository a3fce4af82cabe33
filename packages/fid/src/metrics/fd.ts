import { frechetDistance } from '../frechet-distance.js';
import { distanceFigure, distanceWarning } from './distances.js';
import type { Metric } from './metric.js';

/** Fréchet distance: FID on Inception's features, FD_DINOv2 on DINOv2's. */
export const fd: Metric<'fd'> = {
  help: 'Fréchet distance (FID, FD_DINOv2)',
  aliases: { fid: { network: 'inception' }, fd_dinov2: { network: 'dinov2' } },
  needs: [],
  resampled: true,
  figures: { fd: { title: ({ figure }) => figure, better: 'lower' } },
  compute: (input) => ({
    fd: distanceFigure('fd', input, (set, real) =>
      frechetDistance(set, real, input.linearAlgebra ? { linearAlgebra: input.linearAlgebra } : {}),
    ),
  }),
  warns: distanceWarning,
};

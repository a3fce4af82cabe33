import type { Distribution } from '@edm2/random';
import type { InitSite } from './words.js';

/** N(0, 1) for weights: configs D to G normalise on use, so that any scale would do. Biases, which nothing normalises, start from 0. */
export const unitNormal = ({ of }: Pick<InitSite, 'of'> = {}): Distribution =>
  of === 'bias' ? { constant: 0 } : { normal: 1 };

/** U(±1/√fan_in) everywhere (config C). */
export const fanInUniform = ({ fanIn }: InitSite): Distribution => {
  const bound = 1 / Math.sqrt(fanIn);
  return { uniform: [-bound, bound] };
};

/**
 * Configs A and B: U(±1/√fan_in), but N(0, 1) for the class embedding and zero, weight and bias, for the last layer of
 * every branch and of the network, so that D(x; σ) = c_skip·x at the start.
 */
export const zeroLastLayers = (site: InitSite): Distribution => {
  if (site.role === 'last') return { constant: 0 };
  if (site.role === 'label') return { normal: 1 };
  return fanInUniform(site);
};

/** Another initialisation with the bounds of its uniform distributions times a factor. */
export const withGain =
  (init: (site: InitSite) => Distribution, gain: number) =>
  (site: InitSite): Distribution => {
    const start = init(site);
    return 'uniform' in start ? { uniform: [start.uniform[0] * gain, start.uniform[1] * gain] } : start;
  };

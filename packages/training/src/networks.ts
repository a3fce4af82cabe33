import { forceWeightNorm, initParams, type ParameterSpec, type UNet } from '@edm2/edm2-unet';
import type { Uncertainty } from '@edm2/loss-weighting';
import type { TrainState } from './state.js';
import { type Params, pick } from './tree.js';

/** The two parts of a state that hold parameters, as files and the outside know them. */
type Parts = Pick<TrainState, 'params' | 'uncertainty'>;

/**
 * Everything that learns, the U-Net and the loss's head, as one network: one list, one record, one initialisation, one
 * normalisation. Adam and the averages move the head too, as the reference trace does; it costs 128 numbers.
 */
export interface Networks {
  readonly parameters: readonly ParameterSpec[];
  /** Names of all but buffers. */
  readonly trained: readonly string[];
  /** New tensors for every parameter; each from a stream of its own. */
  init(seed: number): Params;
  /** Every weight overwritten by its normalised self; the head's follow the network's config. Eq. 66. */
  forceWeightNorm(params: Params): Params;
  /** The one record of a state's two parts. */
  join(parts: Parts): Params;
  /** Its inverse. */
  part(params: Params): Parts;
}

/** @throws {RangeError} when the two share a name. */
export function joinNetworks(unet: UNet, head: Uncertainty | undefined): Networks {
  const parameters = [...unet.parameters, ...(head?.parameters ?? [])];
  const names = new Set<string>();
  for (const { name } of parameters) {
    if (names.has(name))
      throw new RangeError(
        `createTrainStep: expected net and uncertainty head to share no name, got ${name} in both. Rename the head's.`,
      );
    names.add(name);
  }
  const own = unet.parameters.map(({ name }) => name);
  const heads = head?.parameters.map(({ name }) => name) ?? [];
  return {
    parameters,
    trained: parameters.filter(({ kind }) => kind !== 'buffer').map(({ name }) => name),
    init: (seed) => initParams({ parameters }, seed),
    forceWeightNorm: (params) => forceWeightNorm({ parameters, vocabulary: unet.vocabulary }, params),
    join: ({ params, uncertainty }) => ({ ...params, ...uncertainty }),
    part: (params) => ({ params: pick(params, own), uncertainty: pick(params, heads) }),
  };
}

import { mpDense, mpFourier } from '@edm2/mp-layers';
import { known } from '@edm2/options';
import type { Distribution } from '@edm2/random';
import type { ParameterSpec, Params } from '@edm2/tensor-files/tfjs';
import * as tf from '@tensorflow/tfjs-core';

export type { Params };

/** A parameter of the head, and the distribution that it starts from. The kernel is kept normalised where the network's weights are. */
export interface UncertaintyParameter extends ParameterSpec {
  readonly init: Distribution;
}

/** Options of {@link createUncertainty}. The defaults are EDM2's config G; the rest serves its earlier configs and own variants. */
export interface UncertaintyOptions {
  /** Number of Fourier features, a positive integer. */
  readonly channels?: number;
  /** `(cNoise [N], freqs [C], phases [C]) → [N, C]`. */
  readonly features?: (cNoise: tf.Tensor, freqs: tf.Tensor, phases: tf.Tensor) => tf.Tensor;
  /** `(x [N, C], kernel [C, 1]) → [N, 1]`. */
  readonly dense?: (x: tf.Tensor, kernel: tf.Tensor) => tf.Tensor;
  /** What the kernel starts from. */
  readonly weightInit?: Distribution;
  /** What the bias starts from. Default as the kernel. */
  readonly biasInit?: Distribution;
  /** Adds the parameter `logvar_linear.bias` `[1]`. */
  readonly bias?: boolean;
}

/** The learned log-uncertainty `u(σ)` of the training loss; thrown away at sampling. */
export interface Uncertainty {
  readonly parameters: readonly UncertaintyParameter[];
  /**
   * @param params - the tensors of {@link Uncertainty.parameters} by name; others are ignored.
   * @param cNoise - `[N]` float32, `ln(σ)/4`.
   * @returns `u` as a new `[N]` tensor.
   * @throws {RangeError} when a parameter is missing or misshapen, or cNoise is not `[N]`.
   */
  apply(params: Params, cNoise: tf.Tensor): tf.Tensor1D;
}

/**
 * The head that learns how uncertain the network is at each noise level, `u(σ) = MPLinear₁(MPFourier₁₂₈(c_noise))`.
 *
 * @throws {RangeError} when channels is not a positive integer.
 * @see Karras et al. 2024, section 2.1 "Continuous generalization" and eq. 21; B.2.
 */
export function createUncertainty(options: UncertaintyOptions = {}): Uncertainty {
  const {
    channels = 128,
    features = mpFourier,
    dense = (x: tf.Tensor, kernel: tf.Tensor) => mpDense(x, kernel),
    weightInit = { normal: 1 },
    biasInit = weightInit,
    bias = false,
  } = known('createUncertainty', options, OPTIONS);
  if (!(Number.isInteger(channels) && channels > 0))
    throw new RangeError(`createUncertainty: expected channels as a positive integer, got ${channels}. 128 is EDM2's.`);
  const parameters: UncertaintyParameter[] = [
    { name: FREQS, shape: [channels], kind: 'buffer', init: { normal: 2 * Math.PI } },
    { name: PHASES, shape: [channels], kind: 'buffer', init: { uniform: [0, 2 * Math.PI] } },
    { name: KERNEL, shape: [channels, 1], kind: 'weight', init: weightInit },
  ];
  if (bias) parameters.push({ name: BIAS, shape: [1], kind: 'bias', init: biasInit });
  return {
    parameters,
    apply(params, cNoise) {
      if (cNoise.rank !== 1)
        throw new RangeError(
          `createUncertainty.apply: expected cNoise as [N], got [${cNoise.shape}]. Reshape it to one axis.`,
        );
      const get = (name: string): tf.Tensor => parameter(parameters, params, name);
      return tf.tidy(() => {
        const u = dense(features(cNoise, get(FREQS), get(PHASES)), get(KERNEL));
        return tf.reshape(bias ? tf.add(u, get(BIAS)) : u, [cNoise.shape[0] ?? 0]);
      });
    },
  };
}

const OPTIONS = { channels: true, features: true, dense: true, weightInit: true, biasInit: true, bias: true } as const;

const FREQS = 'logvar_fourier.freqs';
const PHASES = 'logvar_fourier.phases';
const KERNEL = 'logvar_linear.weight';
const BIAS = 'logvar_linear.bias';

function parameter(specs: readonly UncertaintyParameter[], params: Params, name: string): tf.Tensor {
  const shape = specs.find((spec) => spec.name === name)?.shape ?? [];
  const tensor = params[name];
  if (!tensor || tensor.shape.join() !== shape.join())
    throw new RangeError(
      `createUncertainty.apply: expected ${name} of shape [${shape}], got ${tensor ? `[${tensor.shape}]` : 'nothing'}. ` +
        'Pass the parameters that this head lists.',
    );
  return tensor;
}

import type { UNetConfig } from '@edm2/edm2-unet';
import { known, type OptionNames } from '@edm2/options';
import type { ParameterSpec } from '@edm2/tensor-files/tfjs';
import type * as tf from '@tensorflow/tfjs-core';
import type { GradientBatch, TrainBatch } from './state.js';

/** Of a parameter, what is compared. */
type ParameterShape = Pick<ParameterSpec, 'name' | 'shape'>;

/**
 * @param where - which record this is, for the message.
 * @throws {RangeError} when the tensors' names or shapes are not exactly those listed.
 */
function assertParams(fn: string, where: string, params: Shaped, listed: readonly ParameterShape[]): void {
  const remedy = 'This state belongs to another net or config.';
  for (const { name, shape } of listed) {
    const actual = params[name]?.shape;
    if (actual?.join() !== shape.join())
      throw new RangeError(
        `${fn}: expected ${where} to hold ${name} [${shape}], got ${actual ? `[${actual}]` : 'nothing'}. ${remedy}`,
      );
  }
  if (Object.keys(params).length > listed.length) {
    const names = new Set(listed.map(({ name }) => name));
    const extra = Object.keys(params).find((name) => !names.has(name));
    throw new RangeError(`${fn}: expected ${where} to hold ${listed.length} tensors, got ${extra} besides. ${remedy}`);
  }
}

/** A record of things that have a shape: tensors, or what a file says about them. */
type Shaped = Readonly<Record<string, { readonly shape: readonly number[] }>>;

/** @throws {RangeError} when the state's params or uncertainty are not those that the descriptions list. */
export function assertState(
  fn: string,
  state: { readonly params: Shaped; readonly uncertainty: Shaped },
  net: { readonly parameters: readonly ParameterShape[] },
  head?: { readonly parameters: readonly ParameterShape[] },
): void {
  assertParams(fn, 'state.params', state.params, net.parameters);
  assertParams(fn, 'state.uncertainty', state.uncertainty, head?.parameters ?? []);
}

/** A part of a step may be given the batch of a whole one. */
const BATCH: OptionNames<TrainBatch> = {
  images: true,
  labels: true,
  sigma: true,
  noise: true,
  learningRate: true,
  t: true,
  dt: true,
  augmentLabels: true,
  dropoutMasks: true,
};

/** @throws {RangeError} when the batch's shapes do not fit together or the net, or it holds what no step reads. */
export function assertBatch(
  fn: string,
  batch: GradientBatch,
  { augmentDim = 0 }: Pick<UNetConfig, 'augmentDim'>,
): void {
  const { images, noise, sigma } = known<Partial<TrainBatch> & GradientBatch>(`${fn}: batch`, batch, BATCH);
  if (images.rank !== 4)
    throw new RangeError(`${fn}: expected images as [N, H, W, C], got [${images.shape}]. Stack the images of a batch.`);
  if (noise.shape.join() !== images.shape.join())
    throw new RangeError(
      `${fn}: expected noise of the images' shape [${images.shape}], got [${noise.shape}]. Draw one normal per value.`,
    );
  if (sigma.rank !== 1 || sigma.shape[0] !== images.shape[0])
    throw new RangeError(
      `${fn}: expected sigma as [${images.shape[0]}], one per image, got [${sigma.shape}]. Use sampleSigmas.`,
    );
  const told = batch.augmentLabels?.shape[1] ?? 0;
  if (told !== augmentDim)
    throw new RangeError(
      `${fn}: expected augmentLabels ${augmentDim > 0 ? `as [${images.shape[0]}, ${augmentDim}]` : 'left out'}, got ${batch.augmentLabels ? `[${batch.augmentLabels.shape}]` : 'none'}. The net's augmentDim is ${augmentDim}.`,
    );
}

/** @throws {RangeError} when one of the tensors is not a scalar. */
export function assertScalars(fn: string, scalars: Record<string, tf.Tensor>): void {
  for (const [name, tensor] of Object.entries(scalars))
    if (tensor.rank !== 0)
      throw new RangeError(`${fn}: expected ${name} as a scalar tensor, got [${tensor.shape}]. Use tf.scalar.`);
}

import * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { mpConv2d } from '../mp-conv2d.js';
import { mpDense } from '../mp-dense.js';
import { single, singleShape, WeightedLayer, type WeightedLayerArgs } from './weighted-layer.js';

/** Settings of {@link MPConv2D}. */
export interface MPConv2DArgs extends WeightedLayerArgs {
  /** Output channels. */
  readonly filters: number;
  /** Side of the square kernel, odd. Default 3. */
  readonly kernelSize?: number;
}

/** `mpConv2d` as a layer: `[N, H, W, in]` → `[N, H, W, filters]`, stride 1, zero padding. */
export class MPConv2D extends WeightedLayer {
  static readonly className = 'MPConv2D';
  private readonly filters: number;
  private readonly kernelSize: number;

  constructor(args: MPConv2DArgs) {
    super(args);
    this.filters = args.filters;
    this.kernelSize = args.kernelSize ?? 3;
  }

  override build(inputShape: Shape | Shape[]): void {
    const channels = singleShape(inputShape)[3] ?? null;
    this.addKernel([this.kernelSize, this.kernelSize, channels, this.filters]);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Record<string, unknown>): tf.Tensor {
    return tf.tidy(() =>
      mpConv2d(single<tf.Tensor4D>(inputs), this.readKernel(kwargs) as tf.Tensor4D, { gain: this.readGain(tf.mul) }),
    );
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return [...singleShape(inputShape).slice(0, 3), this.filters];
  }

  override getConfig() {
    return { ...super.getConfig(), filters: this.filters, kernelSize: this.kernelSize };
  }
}

/** Settings of {@link MPDense}. */
export interface MPDenseArgs extends WeightedLayerArgs {
  /** Outputs. */
  readonly units: number;
}

/** `mpDense` as a layer: `[N, in]` → `[N, units]`. */
export class MPDense extends WeightedLayer {
  static readonly className = 'MPDense';
  private readonly units: number;

  constructor(args: MPDenseArgs) {
    super(args);
    this.units = args.units;
  }

  override build(inputShape: Shape | Shape[]): void {
    this.addKernel([singleShape(inputShape)[1] ?? null, this.units]);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Record<string, unknown>): tf.Tensor {
    return tf.tidy(() => mpDense(single(inputs), this.readKernel(kwargs), { gain: this.readGain(tf.mul) }));
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return [singleShape(inputShape)[0] ?? null, this.units];
  }

  override getConfig() {
    return { ...super.getConfig(), units: this.units };
  }
}

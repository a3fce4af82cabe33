import * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { mpConv2d } from '../mp-conv2d.js';
import { mpDense } from '../mp-dense.js';
import { checkChannels, layerArgs } from './layer-args.js';
import { single, singleShape, WEIGHTED, WeightedLayer, type WeightedLayerArgs } from './weighted-layer.js';

/** Settings of {@link MPConv2D}. */
export interface MPConv2DArgs extends WeightedLayerArgs {
  /** Output channels. */
  readonly filters: number;
  /** Side of the square kernel, odd, or `[height, width]`. Default 3. */
  readonly kernelSize?: number | readonly [height: number, width: number];
}

/** `mpConv2d` as a layer: `[N, H, W, in]` → `[N, H, W, filters]`, stride 1, zero padding. */
export class MPConv2D extends WeightedLayer {
  static readonly className = 'MPConv2D';
  private readonly filters: number;
  private readonly kernelSize: readonly [number, number];

  /** @throws {RangeError} naming a setting that is out of range, or that this layer does not have. */
  constructor(args: MPConv2DArgs) {
    super(layerArgs('MPConv2D', args, { ...WEIGHTED, filters: true, kernelSize: true }));
    this.filters = args.filters;
    this.kernelSize = sides(args.kernelSize ?? 3);
    checkChannels('MPConv2D', 'filters', args.filters);
  }

  override build(inputShape: Shape | Shape[]): void {
    const channels = singleShape(inputShape)[3] ?? null;
    this.addKernel([...this.kernelSize, channels, this.filters]);
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
    const [height, width] = this.kernelSize;
    return { ...super.getConfig(), filters: this.filters, kernelSize: height === width ? height : [height, width] };
  }
}

function sides(kernelSize: number | readonly number[]): [number, number] {
  const [height, width, ...more] = typeof kernelSize === 'number' ? [kernelSize, kernelSize] : kernelSize;
  if (!odd(height) || !odd(width) || more.length > 0)
    throw new RangeError(
      `MPConv2D: expected kernelSize as an odd positive integer or two, got ${JSON.stringify(kernelSize)}. The paper uses 3 and 1.`,
    );
  return [height, width];
}

const odd = (side: number | undefined): side is number =>
  Number.isInteger(side) && Number(side) > 0 && Number(side) % 2 === 1;

/** Settings of {@link MPDense}. */
export interface MPDenseArgs extends WeightedLayerArgs {
  /** Outputs. */
  readonly units: number;
}

/** `mpDense` as a layer: `[N, …, in]` → `[N, …, units]`. */
export class MPDense extends WeightedLayer {
  static readonly className = 'MPDense';
  private readonly units: number;

  /** @throws {RangeError} naming a setting that is out of range, or that this layer does not have. */
  constructor(args: MPDenseArgs) {
    super(layerArgs('MPDense', args, { ...WEIGHTED, units: true }));
    this.units = args.units;
    checkChannels('MPDense', 'units', args.units);
  }

  override build(inputShape: Shape | Shape[]): void {
    this.addKernel([singleShape(inputShape).at(-1) ?? null, this.units]);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Record<string, unknown>): tf.Tensor {
    const x = single(inputs);
    return tf.tidy(() => {
      const rows = tf.reshape(x, [-1, x.shape.at(-1) ?? 0]);
      const y = mpDense(rows, this.readKernel(kwargs), { gain: this.readGain(tf.mul) });
      return tf.reshape(y, [...x.shape.slice(0, -1), this.units]);
    });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return [...singleShape(inputShape).slice(0, -1), this.units];
  }

  override getConfig() {
    return { ...super.getConfig(), units: this.units };
  }
}

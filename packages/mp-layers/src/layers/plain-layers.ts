import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { checkShare } from '../check.js';
import { mpCat } from '../mp-cat.js';
import { mpSilu } from '../mp-silu.js';
import { mpSum } from '../mp-sum.js';
import { pixelNorm } from '../normalize.js';
import { type LayerArgs, layerArgs } from './layer-args.js';
import { single, singleShape } from './weighted-layer.js';

/** `mpSilu` as a layer. */
export class MPSilu extends layers.Layer {
  static readonly className = 'MPSilu';

  /** @throws {RangeError} naming a setting that this layer does not have. */
  constructor(args: LayerArgs = {}) {
    super(layerArgs('MPSilu', args, {}));
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return mpSilu(single(inputs));
  }
}

/** `pixelNorm` as a layer. */
export class PixelNorm extends layers.Layer {
  static readonly className = 'PixelNorm';

  /** @throws {RangeError} naming a setting that this layer does not have. */
  constructor(args: LayerArgs = {}) {
    super(layerArgs('PixelNorm', args, {}));
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return pixelNorm(single(inputs));
  }
}

/** Settings of {@link MPSum} and {@link MPConcat}. */
export interface BlendArgs extends LayerArgs {
  /** Share of the second input, 0 … 1. Default 0.5. */
  readonly t?: number;
}

abstract class Blend extends layers.Layer {
  protected readonly t: number;

  constructor(layer: string, args: BlendArgs = {}) {
    super(layerArgs(layer, args, { t: true }));
    this.t = args.t ?? 0.5;
    checkShare(layer, this.t);
  }

  protected pair(inputs: tf.Tensor | tf.Tensor[]): [tf.Tensor, tf.Tensor] {
    const [a, b, ...more] = Array.isArray(inputs) ? inputs : [inputs];
    if (!a || !b || more.length > 0)
      throw new RangeError(
        `${this.getClassName()}: expected two inputs, got ${Array.isArray(inputs) ? inputs.length : 1}. Apply it to [a, b].`,
      );
    return [a, b];
  }

  override getConfig() {
    return { ...super.getConfig(), t: this.t };
  }
}

/** `mpSum` as a layer: applied to `[a, b]` of one shape. */
export class MPSum extends Blend {
  static readonly className = 'MPSum';

  /** @throws {RangeError} naming a setting that is out of range, or that this layer does not have. */
  constructor(args: BlendArgs = {}) {
    super('MPSum', args);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return mpSum(...this.pair(inputs), this.t);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return singleShape(inputShape);
  }
}

/** `mpCat` as a layer: applied to `[a, b]`, joined on the last axis. */
export class MPConcat extends Blend {
  static readonly className = 'MPConcat';

  /** @throws {RangeError} naming a setting that is out of range, or that this layer does not have. */
  constructor(args: BlendArgs = {}) {
    super('MPConcat', args);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => mpCat(...this.pair(inputs), this.t));
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const [a = [], b = []] = inputShape as Shape[];
    return [...a.slice(0, -1), (a.at(-1) ?? 0) + (b.at(-1) ?? 0)];
  }
}

import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import { mpFourier } from '../mp-fourier.js';
import { checkChannels, type LayerArgs, layerArgs } from './layer-args.js';
import { single, singleShape } from './weighted-layer.js';

/** Settings of {@link MPFourier}. */
export interface MPFourierArgs extends LayerArgs {
  /** Number of features. */
  readonly channels: number;
}

/** `mpFourier` as a layer: `[N]` or `[N, 1]` → `[N, channels]`. Frequencies and phases are drawn once, saved, never trained. */
export class MPFourier extends layers.Layer {
  static readonly className = 'MPFourier';
  private readonly channels: number;
  private freqs: LayerVariable | undefined;
  private phases: LayerVariable | undefined;

  /** @throws {RangeError} naming a setting that is out of range, or that this layer does not have. */
  constructor(args: MPFourierArgs) {
    super(layerArgs('MPFourier', args, { channels: true }));
    this.channels = args.channels;
    checkChannels('MPFourier', 'channels', args.channels);
  }

  override build(): void {
    const turn = 2 * Math.PI;
    const normal = initializers.randomNormal({ mean: 0, stddev: turn });
    const uniform = initializers.randomUniform({ minval: 0, maxval: turn });
    this.freqs = this.addWeight('freqs', [this.channels], 'float32', normal, undefined, false);
    this.phases = this.addWeight('phases', [this.channels], 'float32', uniform, undefined, false);
    this.built = true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const { freqs, phases } = this;
    if (!freqs || !phases)
      throw new TypeError(`${this.name}: expected a built layer, got none. Call it through apply().`);
    return tf.tidy(() => mpFourier(tf.reshape(single(inputs), [-1]), freqs.read(), phases.read()));
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return [singleShape(inputShape)[0] ?? null, this.channels];
  }

  override getConfig() {
    return { ...super.getConfig(), channels: this.channels };
  }
}

import type * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import { weightNorm } from '../normalize.js';
import type { LayerArgs } from './layer-args.js';

/** Settings of {@link MPConv2D} and {@link MPDense}. */
export interface WeightedLayerArgs extends LayerArgs {
  /** Factor of the output, a constant. Default 1. */
  readonly gain?: number;
  /** Multiplies the output by a learned scalar too, at first 0: for a network's last layer. Default false. */
  readonly learnedGain?: boolean;
  /** Overwrites the kernel by its normalised self at the start of each training forward pass. Default true. */
  readonly forced?: boolean;
}

/** Names of {@link WeightedLayerArgs}. */
export const WEIGHTED = { gain: true, learnedGain: true, forced: true } as const;

/** A layer with a kernel of N(0, 1), normalised on use, and no bias. */
export abstract class WeightedLayer extends layers.Layer {
  protected readonly gain: number;
  protected readonly learnedGain: boolean;
  protected readonly forced: boolean;
  private kernel: LayerVariable | undefined;
  private scale: LayerVariable | undefined;

  constructor(args: WeightedLayerArgs) {
    super(args);
    this.gain = args.gain ?? 1;
    this.learnedGain = args.learnedGain ?? false;
    this.forced = args.forced ?? true;
    if (!Number.isFinite(this.gain))
      throw new RangeError(
        `${this.getClassName()}: expected gain as a finite number, got ${String(args.gain)}. For a learned one give learnedGain: true.`,
      );
  }

  /** Creates the kernel. */
  protected addKernel(shape: Shape): void {
    const normal = initializers.randomNormal({ mean: 0, stddev: 1 });
    this.kernel = this.addWeight('kernel', shape, 'float32', normal);
    if (this.learnedGain) this.scale = this.addWeight('gain', [], 'float32', initializers.zeros());
    this.built = true;
  }

  /** The kernel, forced first when training. */
  protected readKernel(kwargs: Record<string, unknown>): tf.Tensor {
    if (!this.kernel) throw new TypeError(`${this.name}: expected a built layer, got none. Call it through apply().`);
    if (this.forced && kwargs['training'] === true) this.kernel.write(weightNorm(this.kernel.read()));
    return this.kernel.read();
  }

  /** What the output is multiplied by. */
  protected readGain(multiply: (a: tf.Tensor, b: number) => tf.Tensor): number | tf.Tensor {
    if (!this.scale) return this.gain;
    return this.gain === 1 ? this.scale.read() : multiply(this.scale.read(), this.gain);
  }

  override getConfig() {
    return { ...super.getConfig(), gain: this.gain, learnedGain: this.learnedGain, forced: this.forced };
  }
}

/** The one input of a layer that takes one. */
export const single = <T extends tf.Tensor>(inputs: tf.Tensor | tf.Tensor[]): T =>
  (Array.isArray(inputs) ? inputs[0] : inputs) as T;

/** The shape of the one input. */
export const singleShape = (shape: Shape | Shape[]): Shape => (Array.isArray(shape[0]) ? shape[0] : shape) as Shape;

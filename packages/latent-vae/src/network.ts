import type { ParameterKind, ParameterSpec, Params } from '@edm2/tensor-files/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { doublingConv } from './doubling-conv.js';
import { groupNorm } from './group-norm.js';

export type { Params };

/** Sees the output of a learned layer or block; the tensors are disposed after the run: clone or read what is to stay. */
export type OnActivation = (name: string, value: tf.Tensor) => void;

/** What one run of the network reads besides its input. */
export interface Run {
  readonly params: Params;
  readonly tap: OnActivation | undefined;
}

/** A part of the network: a function of images. */
export type Part = (run: Run, x: tf.Tensor4D) => tf.Tensor4D;

/** A network under construction: parts declare their parameters here and become functions of a {@link Run}. */
export interface Network {
  readonly parameters: ParameterSpec[];
  /** `[N, H, W, from] → [N, H/stride, W/stride, to]`; stride 2 wants even sides and pads on the right and bottom only. */
  conv(name: string, from: number, to: number, kernel: number, stride?: 1 | 2): Part;
  /** `[N, H, W, from] → [N, H/2, W/2, to]` of even sides: 3×3, stride 2, zeros on the left and top only, no bias. */
  halvingConv(name: string, from: number, to: number): Part;
  /** `[N, H, W, from] → [N, 2H, 2W, to]`: nearest neighbour, then a 3×3 convolution. */
  doublingConv(name: string, from: number, to: number, biased?: boolean): Part;
  /** `[…, from] → […, to]`. */
  dense(name: string, from: number, to: number): (run: Run, x: tf.Tensor3D) => tf.Tensor3D;
  /** Group norm with a learned scale and offset of each channel. */
  norm(name: string, channels: number): Part;
  /** The part, seen under a name. */
  named(name: string, part: Part): Part;
}

/** Padding of one pixel all around; of even sides a stride of 2 never reaches the last one. */
const LEFT_AND_TOP: [[number, number], [number, number], [number, number], [number, number]] = [
  [0, 0],
  [1, 0],
  [1, 0],
  [0, 0],
];

/** Starts a network whose norms have this many groups. */
export function startNetwork(groups: number): Network {
  const parameters: ParameterSpec[] = [];
  const declare = (name: string, kind: ParameterKind, shape: readonly number[]) => {
    parameters.push({ name, kind, shape });
    return <T extends tf.Tensor>({ params }: Run): T => parameter<T>(params, name, shape);
  };
  const named: Network['named'] = (name, part) => (run, x) => {
    const y = part(run, x);
    run.tap?.(name, y);
    return y;
  };
  return {
    parameters,
    named,
    conv(name, from, to, kernel, stride = 1) {
      const weight = declare(`${name}.weight`, 'weight', [kernel, kernel, from, to]);
      const bias = declare(`${name}.bias`, 'bias', [to]);
      return named(name, (run, x) => tf.add(tf.conv2d(x, weight<tf.Tensor4D>(run), stride, 'same'), bias(run)));
    },
    halvingConv(name, from, to) {
      const weight = declare(`${name}.weight`, 'weight', [3, 3, from, to]);
      return named(name, (run, x) => tf.conv2d(x, weight<tf.Tensor4D>(run), 2, LEFT_AND_TOP));
    },
    doublingConv(name, from, to, biased = true) {
      const weight = declare(`${name}.weight`, 'weight', [3, 3, from, to]);
      const bias = biased ? declare(`${name}.bias`, 'bias', [to]) : undefined;
      return named(name, (run, x) => {
        const y = doublingConv(x, weight<tf.Tensor4D>(run));
        return bias ? tf.add(y, bias(run)) : y;
      });
    },
    dense(name, from, to) {
      const weight = declare(`${name}.weight`, 'weight', [from, to]);
      const bias = declare(`${name}.bias`, 'bias', [to]);
      return (run, x) => {
        const rows = tf.matMul(tf.reshape(x, [-1, from]), weight<tf.Tensor2D>(run));
        return tf.reshape(tf.add(rows, bias(run)), [x.shape[0], x.shape[1], to]);
      };
    },
    norm(name, channels) {
      const weight = declare(`${name}.weight`, 'norm', [channels]);
      const bias = declare(`${name}.bias`, 'norm', [channels]);
      return (run, x) => groupNorm(x, { groups, weight: weight(run), bias: bias(run) });
    },
  };
}

function parameter<T extends tf.Tensor>(params: Params, name: string, shape: readonly number[]): T {
  const tensor = params[name];
  if (tensor?.shape.join() !== shape.join())
    throw new RangeError(
      `autoencoder: expected params to hold ${name} of shape [${shape}], got ${tensor ? `[${tensor.shape}]` : 'no such name'}. Pass the parameters of this very network.`,
    );
  return tensor as T;
}

import '@tensorflow/tfjs';
import { createUNet, precondition, presets, type UNetOptions } from '@edm2/edm2-unet';
import { createInception } from '@edm2/fid/inception';
import { createUncertainty } from '@edm2/loss-weighting';
import { adam, createTrainStep, type Params } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { image, loadTiny } from '../../../packages/latent-vae/src/golden-vae.fixture.js';
import {
  compiledForH100,
  convolutionsOf,
  copiedArguments,
  HAS_CUDA,
  IF_CUDA,
  type OptimizedProgram,
} from '../../../packages/tfjs-xla/src/optimized-program.test-support.js';
import { LARGE } from '../nets.js';
import { makeInputs } from '../ours/inputs.js';

/** A network between the two that are compiled always: a minute more. */
const ALL = process.env['TFJS_XLA_CUDA'] === 'all';

/** G with 64 channels, and as little else as has every kind of block. */
const SMALL: UNetOptions = {
  imgResolution: 16,
  imgChannels: 4,
  labelDim: 10,
  modelChannels: 64,
  channelMult: [1, 2],
  numBlocks: 1,
  attnResolutions: [8],
  channelsPerHead: 64,
};

/** Nothing is computed: zeros cost no time to draw. */
const zeros = (like: readonly { readonly name: string; readonly shape: readonly number[] }[]): Params =>
  Object.fromEntries(like.map(({ name, shape }) => [name, tf.zeros([...shape])]));

/** A whole training step of a network, with its state donated. */
function stepOf(net: UNetOptions, batch: number): { readonly program: OptimizedProgram; readonly donated: number } {
  const unet = createUNet(net);
  const uncertainty = createUncertainty();
  const optimizer = adam();
  const { step, zeroGradients } = createTrainStep({ unet, uncertainty, optimizer, emaSigmaRels: [0.05, 0.1] });
  const before = tf.memory().numTensors;
  const trained = zeroGradients();
  const state = {
    params: zeros(unet.parameters),
    uncertainty: zeros(uncertainty.parameters),
    moments: optimizer.init(trained),
    ema: { '0.05': trained, '0.1': zeroGradients() },
  };
  const donated = tf.memory().numTensors - before;
  const scalar = tf.scalar(batch);
  const given = { ...makeInputs(unet, batch), learningRate: scalar, t: scalar, dt: scalar };
  return { program: compiledForH100(step, [state, given], { precision: 'bfloat16', donate: [0] }), donated };
}

/** Every convolution is one of cuDNN's, of these types alone. */
function expectConvolutions(program: OptimizedProgram, kinds: readonly string[], type: string): void {
  expect(program.instructions.filter(({ opcode }) => opcode === 'convolution')).toEqual([]);
  for (const [kind, calls] of convolutionsOf(program)) {
    expect(calls.length > 0, kind).toBe(kinds.includes(kind));
    const others = calls.filter(({ operands }) => operands.slice(0, 2).some((operand) => operand.type !== type));
    expect(
      others.map(({ name }) => name),
      kind,
    ).toEqual([]);
  }
}

/** Attention's products and their gradients, and those of the embedding: fused or the library's. */
const products = ({ instructions }: OptimizedProgram, type: string): number =>
  instructions.filter(
    ({ opcode, target, operands }) =>
      (opcode === 'dot' || /^__cu(blas|dnn\$fmha)/.test(target)) && operands[0]?.type === type,
  ).length;

const some: readonly (readonly [string, UNetOptions, number])[] = [
  ['G of 64 channels', SMALL, 8],
  ['img512-xs', presets['img512-xs'].unet, 32],
];
const all: typeof some = [...some, ['16.6 M, 64 channels', LARGE.net, 16]];

describe(`programs for an H100 without one, ${IF_CUDA}`, () => {
  describe.skipIf(!HAS_CUDA)('compiled', () => {
    beforeAll(async () => {
      await tf.setBackend('cpu');
    });

    it.each(ALL ? all : some)(
      'the training step of %s computes in 16 bit and copies none of its state',
      (_, net, batch) => {
        const { program, donated } = stepOf(net, batch);
        expectConvolutions(program, ['Forward', 'BackwardInput', 'BackwardFilter'], 'bf16');
        expect(products(program, 'bf16')).toBeGreaterThan(5);
        // Frequencies and phases, which no step changes, go through as they are.
        expect(program.aliased.length).toBeGreaterThanOrEqual(donated - 4);
        expect(copiedArguments(program).filter((i) => program.aliased.includes(i))).toEqual([]);
        // Nor what becomes of it: a weight's update writes over the weight.
        const copies = program.entry.filter(({ opcode, dims }) => opcode.startsWith('copy') && dims.length === 4);
        expect(copies.map(({ name }) => name)).toEqual([]);
      },
      3_600_000,
    );

    it('the denoiser of a sampler is forward convolutions in 16 bit', () => {
      const unet = createUNet(SMALL);
      const { images, sigma, labels } = makeInputs(unet, 8);
      const denoise = precondition(unet)(zeros(unet.parameters));
      const program = compiledForH100(denoise, [images, sigma, labels] as never, { precision: 'bfloat16' });
      expectConvolutions(program, ['Forward'], 'bf16');
    }, 600_000);

    it('the autoencoder is forward convolutions', async () => {
      const { vae, params } = await loadTiny();
      const program = compiledForH100(
        (x: tf.Tensor4D, z: tf.Tensor4D) => [vae.encode(params, x).mean, vae.decode(params, z)],
        [image('x'), image('z')],
      );
      expectConvolutions(program, ['Forward'], 'f32');
    }, 600_000);

    it('Inception is forward convolutions', () => {
      const network = createInception();
      const program = compiledForH100(
        (params: Record<string, tf.Tensor>, pixels: tf.Tensor4D) => network.apply(params, pixels).pool,
        [zeros(network.parameters), tf.zeros([2, 299, 299, 3]) as tf.Tensor4D],
      );
      expectConvolutions(program, ['Forward'], 'f32');
    }, 600_000);
  });
});

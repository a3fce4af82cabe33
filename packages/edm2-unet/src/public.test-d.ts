import {
  countFlops,
  countParameters,
  createUNet,
  forceWeightNorm,
  initParams,
  type Params,
  type Preset,
  type PresetName,
  precondition,
  presets,
  type UNet,
} from '@edm2/edm2-unet';
import { loadNetwork, saveNetwork } from '@edm2/edm2-unet/node';
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { expectTypeOf } from 'vitest';

declare const unet: UNet;
declare const params: Params;
declare const image: Tensor4D;
declare const sigma: Tensor1D;
declare const labels: Tensor2D;

expectTypeOf<Params>().toEqualTypeOf<Record<string, Tensor>>();
expectTypeOf(createUNet).returns.toEqualTypeOf<UNet>();
expectTypeOf(
  createUNet({ config: 'G', imgResolution: 8, imgChannels: 1, labelDim: 0, modelChannels: 8 }),
).toEqualTypeOf<UNet>();
// @ts-expect-error no such step of the ladder
createUNet({ config: 'H', imgResolution: 8, imgChannels: 1, modelChannels: 8 });
expectTypeOf(unet.parameters[0]).toExtend<{ name: string; shape: readonly number[]; kind: string } | undefined>();
expectTypeOf(unet.apply(params, image, sigma, labels, {})).toEqualTypeOf<Tensor4D>();
expectTypeOf(initParams(unet, 1)).toEqualTypeOf<Params>();
expectTypeOf(forceWeightNorm(unet, params)).toEqualTypeOf<Params>();
expectTypeOf(precondition(unet, { sigmaData: 0.5 })(params)(image, sigma, labels)).toEqualTypeOf<Tensor4D>();
expectTypeOf(precondition(unet)(params)(image, sigma)).toEqualTypeOf<Tensor4D>();
expectTypeOf(countParameters(unet)).toEqualTypeOf<number>();
expectTypeOf(countFlops(unet)).toExtend<{ total: number; byLayer: object }>();
expectTypeOf(presets).toExtend<Record<PresetName, Preset>>();
expectTypeOf<'img512-xxs' | 'img64-xl' | 'mnist' | 'cifar10'>().toExtend<PresetName>();
expectTypeOf(saveNetwork).toBeCallableWith('a.safetensors', { unet, params });
expectTypeOf(loadNetwork('a.safetensors')).resolves.toExtend<{ unet: UNet; params: Params }>();

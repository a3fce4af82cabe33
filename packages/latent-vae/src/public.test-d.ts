import {
  type AutoencoderKL,
  createAutoencoderKL,
  createLatentCodec,
  createLatentNormalizer,
  measureRawStatistics,
  type Params,
} from '@edm2/latent-vae';
import { loadAutoencoder } from '@edm2/latent-vae/node';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { expectTypeOf } from 'vitest';

declare const x: Tensor4D;
declare const vae: AutoencoderKL;
declare const params: Params;

expectTypeOf(createAutoencoderKL(JSON.parse('{}'))).toEqualTypeOf<AutoencoderKL>();
expectTypeOf(vae.encode(params, x)).toExtend<{ mean: Tensor4D; logvar: Tensor4D; std: Tensor4D }>();
expectTypeOf(vae.decode(params, x)).toEqualTypeOf<Tensor4D>();
expectTypeOf(loadAutoencoder('folder')).resolves.toExtend<{ vae: AutoencoderKL; params: Params }>();
const normalizer = createLatentNormalizer({ rawMean: [0], rawStd: [1] });
expectTypeOf(normalizer.toLatents(x, x, x)).toEqualTypeOf<Tensor4D>();
expectTypeOf(normalizer.toLatents(x)).toEqualTypeOf<Tensor4D>();
expectTypeOf(createLatentCodec({ vae, params, normalizer }).decode(x)).toEqualTypeOf<Tensor4D>();
expectTypeOf(await measureRawStatistics([{ mean: x, std: x }])).toExtend<
  Parameters<typeof createLatentNormalizer>[0]
>();

import { type Decoder, makesLatents, pixelDecoder } from '@edm2/app-kit/sample/decode';
import { guided, type OpenDenoiser, openDenoiser } from '@edm2/app-kit/sample/open-denoiser';
import type { EngineReport } from '@edm2/engine';
import type { Denoiser } from '@edm2/sampler';
import type { ModelOptions } from '../options/model-options.js';
import { type ResolvedModel, resolveModel } from '../options/resolve-model.js';
import { engineFor } from '../options/start-engine.js';
import { say } from '../say.js';
import { latentDecoder } from './latent-decoder.js';

/** Networks ready to be sampled. */
export interface Model extends ResolvedModel {
  readonly engine: EngineReport;
  readonly config: OpenDenoiser['config'];
  readonly denoise: Denoiser;
  readonly decoder: Decoder;
  dispose(): void;
}

/** Starts an engine, reads the networks that the options name and says what they are. */
export async function openModel(options: ModelOptions): Promise<Model> {
  const resolved = await resolveModel(options);
  const engine = await engineFor(options, resolved.net);
  say(`engine: ${engine.why}`);
  const main = await openDenoiser(resolved.net, engine);
  let away: OpenDenoiser | undefined;
  try {
    const decoder = await decoderFor(main, options.vae, engine);
    away = resolved.gnet === undefined ? undefined : await openDenoiser(resolved.gnet, engine);
    const denoise = guided(main, away, resolved.guidance);
    return {
      ...resolved,
      engine,
      config: main.config,
      denoise,
      decoder,
      dispose() {
        main.dispose();
        away?.dispose();
        decoder.dispose();
      },
    };
  } catch (error) {
    main.dispose();
    away?.dispose();
    throw error;
  }
}

/** What turns a network's output into pixels. @throws {UsageError} when latents come without a VAE. */
export const decoderFor = async (
  network: OpenDenoiser,
  vae: string | undefined,
  engine: EngineReport,
): Promise<Decoder> => (makesLatents(network.config.imgChannels) ? latentDecoder(network, vae, engine) : pixelDecoder);

import { inOwnWords } from '@edm2/app-kit/command/in-own-words';
import { UsageError } from '@edm2/command/errors';
import { SNAPSHOT_LICENSE } from '@edm2/edm2-unet/node';
import type { EngineReport } from '@edm2/engine';
import { readLatentMetadata } from '@edm2/latent-vae';
import { checkAverage } from '@edm2/phema/node';
import type { Denoiser } from '@edm2/sampler';
import {
  commandWords,
  type Decoder,
  guided,
  makesLatents,
  type OpenDenoiser,
  openDenoiser,
  openLatentDecoder,
  pixelDecoder,
  startForSampling,
} from 'edm2/parts';
import type { ModelOptions, SamplingOptions } from '../options/model-options.js';
import { type ResolvedModel, resolveModel } from '../options/resolve-model.js';
import { say } from '../say.js';

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
  let main: OpenDenoiser | undefined;
  let away: OpenDenoiser | undefined;
  const release = (): void => {
    main?.dispose();
    away?.dispose();
    resolved.release();
  };
  try {
    const engine = await startForSampling(options, resolved.net);
    say(`engine: ${engine.why}`);
    main = await openDenoiser(resolved.net, engine);
    sayLicence(main);
    await sayQuality(main, options);
    const decoder = await decoderFor(main, options, engine);
    away = resolved.gnet === undefined ? undefined : await openDenoiser(resolved.gnet, engine);
    if (away) await sayQuality(away, options);
    const denoise = guided(main, away, resolved.guidance);
    return {
      ...resolved,
      engine,
      config: main.config,
      denoise,
      decoder,
      dispose() {
        release();
        decoder.dispose();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** Says on what terms the weights may be used, where that is known: what a file says, or NVIDIA's terms for its `.pkl`. */
function sayLicence({ path, metadata }: OpenDenoiser): void {
  const licence =
    metadata['license'] ?? (path.endsWith('.pkl') ? `${SNAPSHOT_LICENSE} if NVIDIA published them` : undefined);
  if (licence !== undefined) say(`licence of the weights: ${licence}`);
}

/** An average that is far from what its name says is refused, or taken with a warning. */
const sayQuality = ({ path, metadata }: OpenDenoiser, { force }: ModelOptions): Promise<void> =>
  inOwnWords({ force: '--force' }, async () => {
    const warning = checkAverage('generate', path, metadata, { force });
    if (warning !== undefined) say(`warning: ${warning}`);
  });

/** What turns a network's output into pixels. @throws {UsageError} when latents come without their VAE. */
export async function decoderFor(
  { path, config, metadata }: OpenDenoiser,
  { vae, anyVae }: Pick<SamplingOptions, 'vae' | 'anyVae'>,
  engine: EngineReport,
): Promise<Decoder> {
  const description = readLatentMetadata(metadata);
  if (!description && !makesLatents(config.imgChannels)) {
    if (vae !== undefined)
      throw new UsageError(
        `--vae: expected a network that makes latents, got one that makes images itself (${path}). Leave it out.`,
      );
    return pixelDecoder;
  }
  const decoder = await openLatentDecoder({
    path,
    channels: config.imgChannels,
    description,
    vae,
    any: anyVae,
    engine,
    words: commandWords,
  });
  say(`decoding with ${decoder.directory}`);
  return decoder;
}

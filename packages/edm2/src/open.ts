import type { EngineName, EngineReport } from '@edm2/engine';
import { readLatentMetadata } from '@edm2/latent-vae';
import { known, type OptionNames } from '@edm2/options';
import { checkAverage } from '@edm2/phema/node';
import type { Engine } from '@edm2/tfjs-jit';
import { createModel } from './create-model.js';
import { openLatentDecoder } from './latents/latent-decoder.js';
import type { Model } from './model.js';
import { findNetwork } from './network/find-network.js';
import { startForSampling } from './network/start-for-sampling.js';
import { type Decoder, makesLatents, pixelDecoder } from './sample/decode.js';
import { type OpenDenoiser, openDenoiser } from './sample/open-denoiser.js';
import { functionWords, OptionError } from './words.js';

/** Options of {@link open}. */
export interface OpenOptions {
  /**
   * EMA length: one that a run has not stored is reconstructed from those that it has. Default: a run's shortest, an installed network's
   * best.
   */
  readonly sigmaRel?: number | undefined;
  /** What computes: an engine's name, default `'auto'`; what `startEngine` gave; or an engine that was started by itself. */
  readonly engine?: EngineName | Pick<EngineReport, 'engine'> | Engine | undefined;
  /** Of an engine that is started here; default: the machine's cores. */
  readonly threads?: number | undefined;
  /** The autoencoder of a network that makes latents: its diffusers folder or file. Default: that which the network's file names, where it lies beside it. */
  readonly vae?: string | undefined;
  /** Decode with `vae` even when the network was trained on the latents of another. Default false. */
  readonly anyVae?: boolean | undefined;
  /** Take an average whose profile is far from the length that it stands for. Default false. */
  readonly force?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS: OptionNames<OpenOptions> = {
  sigmaRel: true,
  engine: true,
  threads: true,
  vae: true,
  anyVae: true,
  force: true,
  signal: true,
};

const WORDS = functionWords('open');

/**
 * Opens a trained network to draw images from.
 *
 * @param path - a run's folder (its newest average), a snapshot of ours (`.safetensors`), a published one of EDM2 (`.pkl`, of which nothing is
 * executed), or the name of an installed package of networks, such as `digits`.
 * @throws {RangeError} (rejects) when there is nothing by that name, it is no network's, or an option does not fit it.
 * @throws {Error} (rejects) when a file is damaged, an average cannot be made, or no engine starts.
 */
export async function open(path: string, options: OpenOptions = {}): Promise<Model> {
  const { sigmaRel, engine: wish, threads, vae, anyVae, force, signal } = known('open', options, OPTIONS);
  const found = await findNetwork(path, { sigmaRel, force, signal, words: WORDS });
  try {
    const engine = await engineOf(wish, threads, found.path);
    const denoiser = await openDenoiser(found.path, engine);
    try {
      const warning = checkAverage('open', path, denoiser.metadata, { force });
      const decoder = await decoderOf(denoiser, { vae, anyVae }, engine);
      return createModel({
        denoiser,
        decoder,
        engine,
        how: found.how,
        warnings: warning === undefined ? [] : [warning],
      });
    } catch (error) {
      denoiser.dispose();
      throw error;
    }
  } finally {
    // The network is in memory by now.
    found.release();
  }
}

async function engineOf(
  wish: OpenOptions['engine'],
  threads: number | undefined,
  file: string,
): Promise<Model['engine']> {
  if (wish === undefined || typeof wish === 'string') return startForSampling({ engine: wish, threads }, file);
  if (threads !== undefined)
    throw new OptionError(
      'open: expected { threads } beside the name of an engine, got an engine that runs already. Start it with that many.',
    );
  return 'compile' in wish ? { engine: wish } : wish;
}

/** Decodes latents; an error in its place where their autoencoder is not there, for the moment when it is needed. */
async function decoderOf(
  { path, config, metadata }: OpenDenoiser,
  { vae, anyVae }: Pick<OpenOptions, 'vae' | 'anyVae'>,
  engine: Pick<EngineReport, 'engine'>,
): Promise<Decoder | OptionError> {
  const description = readLatentMetadata(metadata);
  if (!description && !makesLatents(config.imgChannels)) {
    if (vae === undefined) return pixelDecoder;
    throw new OptionError(
      `open: expected a network that makes latents beside { vae }, got one that makes images itself (${path}). Leave it out.`,
    );
  }
  const { imgChannels: channels } = config;
  try {
    return await openLatentDecoder({ path, channels, description, vae, any: anyVae, engine, words: WORDS });
  } catch (error) {
    if (vae === undefined && error instanceof OptionError) return error;
    throw error;
  }
}

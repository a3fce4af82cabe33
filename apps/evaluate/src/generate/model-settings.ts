import { basename } from 'node:path';
import { type Decoder, fileFingerprint } from 'edm2/parts';
import { type ModelOptions, samplerSettings } from '../options/model-options.js';
import type { ResolvedModel } from '../options/resolve-model.js';

/** Digits of an autoencoder's hash. */
const SHOWN = 16;

/** What decides an image, beside its seed: networks by name and content, guidance, sampler, classes. */
export async function modelSettings(
  options: ModelOptions & { readonly class?: readonly number[] },
  { net, gnet, guidance, decoder }: ResolvedModel & { readonly decoder: Decoder },
): Promise<Readonly<Record<string, unknown>>> {
  const nameOf = async (path: string) => `${basename(path)} (${await fileFingerprint(path)})`;
  return {
    net: await nameOf(net),
    ...(gnet === undefined ? {} : { gnet: await nameOf(gnet), guidance: guidance.weight, interval: guidance.interval }),
    ...samplerSettings(options),
    ...(decoder.sha256 === undefined ? {} : { vae: decoder.sha256.slice(0, SHOWN) }),
    class: options.class ?? 'by seed',
  };
}

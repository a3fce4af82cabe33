/** Prefixes of the autoencoder's tensors in checkpoints of whole models. */
const PREFIXES = ['', 'first_stage_model.', 'vae.'] as const;

/** What diffusers called the layers of attention before version 0.15; published autoencoders still do. */
const OLD_ATTENTION: readonly (readonly [string, string])[] = [
  ['.to_q.', '.query.'],
  ['.to_k.', '.key.'],
  ['.to_v.', '.value.'],
  ['.to_out.0.', '.proj_attn.'],
];

/** Latent diffusion's names for parts of a block. */
const LDM_PARTS: readonly (readonly [string, string])[] = [
  ['conv_norm_out', 'norm_out'],
  ['conv_shortcut', 'nin_shortcut'],
  ['downsamplers.0.', 'downsample.'],
  ['upsamplers.0.', 'upsample.'],
  ['resnets.', 'block.'],
  ['attentions.0.group_norm', 'attn_1.norm'],
  ['attentions.0.to_q', 'attn_1.q'],
  ['attentions.0.to_k', 'attn_1.k'],
  ['attentions.0.to_v', 'attn_1.v'],
  ['attentions.0.to_out.0', 'attn_1.proj_out'],
];

/** How a file names the tensors of an autoencoder. */
export interface Naming {
  readonly prefix: string;
  /** diffusers', or latent diffusion's (CompVis and Stability AI: whole checkpoints, and autoencoders in one file). */
  readonly style: 'diffusers' | 'ldm';
}

/** The naming of a file; undefined when it holds no autoencoder. */
export function namingOf(names: { has(name: string): boolean }): Naming | undefined {
  for (const prefix of PREFIXES) {
    if (names.has(`${prefix}decoder.mid_block.resnets.0.conv1.weight`)) return { prefix, style: 'diffusers' };
    if (names.has(`${prefix}decoder.mid.block_1.conv1.weight`)) return { prefix, style: 'ldm' };
  }
  return undefined;
}

/**
 * Names that a file may have for a tensor.
 *
 * @param name - diffusers'.
 * @param levels - of the network: latent diffusion counts the decoder's from the other end.
 */
export function storedNames(name: string, { prefix, style }: Naming, levels: number): string[] {
  const own =
    style === 'ldm'
      ? [ldmName(name, levels)]
      : [name, OLD_ATTENTION.reduce((text, [now, before]) => text.replace(now, before), name)];
  return own.map((each) => prefix + each);
}

function ldmName(name: string, levels: number): string {
  const placed = name
    .replace(/down_blocks\.(\d+)\./, 'down.$1.')
    .replace(/up_blocks\.(\d+)\./, (_, level: string) => `up.${levels - 1 - Number(level)}.`)
    .replace(/mid_block\.resnets\.(\d+)\./, (_, block: string) => `mid.block_${Number(block) + 1}.`)
    .replace('mid_block.', 'mid.');
  return LDM_PARTS.reduce((text, [now, before]) => text.replace(now, before), placed);
}

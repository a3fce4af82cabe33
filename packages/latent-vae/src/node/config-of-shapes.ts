import type { DiffusersConfig } from '../config.js';
import { type Naming, storedNames } from './stored-names.js';

/** Groups of the norms where no configuration says: those of every autoencoder of latent diffusion. No shape tells them. */
const GROUPS = 32;
/** Levels and blocks that are looked for. */
const MOST = 64;

/**
 * What a file of weights alone says of its network, as a diffusers configuration.
 *
 * @param shapes - of the file's tensors, in its names.
 * @returns undefined when its parts do not make an autoencoder with norms of 32 groups.
 */
export function configOfShapes(
  shapes: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  naming: Naming,
): DiffusersConfig | undefined {
  const shapeOf = (name: string): readonly number[] | undefined =>
    storedNames(name, naming, 0)
      .map((each) => shapes.get(each)?.shape)
      .find(Boolean);
  const countOf = (name: (i: number) => string): number => {
    for (let i = 0; i < MOST; i++) if (!shapeOf(name(i))) return i;
    return MOST;
  };
  const block = (level: number, resnet: number) => `encoder.down_blocks.${level}.resnets.${resnet}.conv1.weight`;
  const levels = countOf((level) => block(level, 0));
  const widths = Array.from({ length: levels }, (_, level) => shapeOf(block(level, 0))?.[0]);
  const config = {
    block_out_channels: widths,
    layers_per_block: countOf((resnet) => block(0, resnet)),
    in_channels: shapeOf('encoder.conv_in.weight')?.[1],
    out_channels: shapeOf('decoder.conv_out.weight')?.[0],
    latent_channels: shapeOf('decoder.conv_in.weight')?.[1],
    norm_num_groups: GROUPS,
    mid_block_add_attention: shapeOf('decoder.mid_block.attentions.0.to_q.weight') !== undefined,
    use_quant_conv: shapeOf('quant_conv.weight') !== undefined,
    use_post_quant_conv: shapeOf('post_quant_conv.weight') !== undefined,
  };
  const isWhole = levels > 0 && Object.values(config).every((value) => value !== undefined);
  return isWhole && widths.every((width) => (width ?? 0) % GROUPS === 0) ? config : undefined;
}

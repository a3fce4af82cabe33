import type { AutoencoderConfig } from '../config.js';

/** A stage of a decoder that can be run strip by strip, given the sums of every norm before it. */
export type DecoderStage =
  /** `x ← conv(quant(x))`; `quant` is undefined in autoencoders without. */
  | { readonly op: 'enter'; readonly quant: string | undefined; readonly conv: string }
  /** `y ← conv(silu(norm(x)))` */
  | { readonly op: 'branch'; readonly norm: string; readonly conv: string }
  /** `x ← shortcut(x) + conv(silu(norm(y)))`; `shortcut` is undefined where x goes on as it is. */
  | { readonly op: 'join'; readonly norm: string; readonly conv: string; readonly shortcut: string | undefined }
  /** `x ← x + out(attention(norm(x)))` */
  | { readonly op: 'attend'; readonly norm: string; readonly name: string }
  /** `x ← conv(doubled x)` */
  | { readonly op: 'double'; readonly conv: string }
  /** The image: `conv(silu(norm(x)))` */
  | { readonly op: 'leave'; readonly norm: string; readonly conv: string };

/** The decoder of an autoencoder as stages in order; names are prefixes of its parameters'. */
export function planDecoder({
  blockOutChannels,
  layersPerBlock,
  midBlockAddAttention,
  usePostQuantConv,
}: AutoencoderConfig): DecoderStage[] {
  const widths = blockOutChannels.toReversed();
  const residual = (name: string, from: number, to: number): DecoderStage[] => [
    { op: 'branch', norm: `${name}.norm1`, conv: `${name}.conv1` },
    {
      op: 'join',
      norm: `${name}.norm2`,
      conv: `${name}.conv2`,
      shortcut: from === to ? undefined : `${name}.conv_shortcut`,
    },
  ];
  const [bottom = 0] = widths;
  const mid = 'decoder.mid_block';
  const attention = `${mid}.attentions.0`;
  return [
    { op: 'enter', quant: usePostQuantConv ? 'post_quant_conv' : undefined, conv: 'decoder.conv_in' },
    ...residual(`${mid}.resnets.0`, bottom, bottom),
    ...(midBlockAddAttention
      ? [{ op: 'attend', norm: `${attention}.group_norm`, name: attention } satisfies DecoderStage]
      : []),
    ...residual(`${mid}.resnets.1`, bottom, bottom),
    ...widths.flatMap((to, i): DecoderStage[] => {
      const name = `decoder.up_blocks.${i}`;
      const from = widths[Math.max(i - 1, 0)] ?? 0;
      return [
        ...Array.from({ length: layersPerBlock + 1 }, (_, j) =>
          residual(`${name}.resnets.${j}`, j === 0 ? from : to, to),
        ).flat(),
        ...(i < widths.length - 1 ? [{ op: 'double', conv: `${name}.upsamplers.0.conv` } satisfies DecoderStage] : []),
      ];
    }),
    { op: 'leave', norm: 'decoder.conv_norm_out', conv: 'decoder.conv_out' },
  ];
}

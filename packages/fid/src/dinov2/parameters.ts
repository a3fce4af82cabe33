import type { ParameterKind, ParameterSpec } from '@edm2/tensor-files/tfjs';

/** Shape of a vision transformer. */
export interface Dinov2Shape {
  readonly dim: number;
  readonly depth: number;
  /** Tokens of the position table, `(imgSize / patch)² + 1`. */
  readonly tokens: number;
  readonly patch: number;
}

/** Tensors of the official checkpoints, in their order and with their names. */
export function dinov2Parameters({ dim, depth, tokens, patch }: Dinov2Shape): ParameterSpec[] {
  const spec = (name: string, kind: ParameterKind, ...shape: number[]): ParameterSpec => ({ name, shape, kind });
  const dense = (name: string, input: number, output: number): ParameterSpec[] => [
    spec(`${name}.weight`, 'weight', input, output),
    spec(`${name}.bias`, 'bias', output),
  ];
  const norm = (name: string): ParameterSpec[] => [
    spec(`${name}.weight`, 'norm', dim),
    spec(`${name}.bias`, 'norm', dim),
  ];
  return [
    spec('cls_token', 'weight', 1, 1, dim),
    spec('pos_embed', 'weight', 1, tokens, dim),
    spec('mask_token', 'buffer', dim, 1), // [1, dim] in files; only training uses it
    spec('patch_embed.proj.weight', 'weight', patch, patch, 3, dim),
    spec('patch_embed.proj.bias', 'bias', dim),
    ...Array.from({ length: depth }, (_, i) => [
      ...norm(`blocks.${i}.norm1`),
      ...dense(`blocks.${i}.attn.qkv`, dim, 3 * dim),
      ...dense(`blocks.${i}.attn.proj`, dim, dim),
      spec(`blocks.${i}.ls1.gamma`, 'gain', dim),
      ...norm(`blocks.${i}.norm2`),
      ...dense(`blocks.${i}.mlp.fc1`, dim, 4 * dim),
      ...dense(`blocks.${i}.mlp.fc2`, 4 * dim, dim),
      spec(`blocks.${i}.ls2.gamma`, 'gain', dim),
    ]).flat(),
    ...norm('norm'),
  ];
}

import { createHash } from 'node:crypto';
import type { Labels } from './labels.js';
import type { Samples } from './samples.js';

/**
 * SHA-256 over what identifies a dataset; see `Dataset.fingerprint`.
 *
 * @param options - whatever else changes the sequence of images.
 */
export async function fingerprint(samples: Samples, options: Readonly<Record<string, unknown>>): Promise<string> {
  const { kind, count, resolution, channels, dtype, labels } = samples;
  const hash = createHash('sha256');
  hash.update(JSON.stringify({ version: 1, kind, count, resolution, channels, dtype, options }));
  for (let i = 0; i < count; i++) hash.update(`\n${samples.name(i)}`);
  for (const part of await samples.identity()) hash.update(`\n${part}`);
  for (const bytes of labelBytes(labels)) hash.update(bytes);
  return hash.digest('hex');
}

function labelBytes(labels: Labels): Uint8Array[] {
  if (labels.kind === 'none') return [];
  const arrays = labels.kind === 'class' ? [labels.classes] : labels.vectors;
  return arrays.map((array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
}

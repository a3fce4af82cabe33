import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FoundPlugin } from './plugins/locate.js';

/** XLA looks for NVIDIA's assembler and device code when it is opened: they lie beside the plugin where wheels put them. */
export function giveTools({ root, kind }: FoundPlugin): void {
  if (root === undefined || !kind?.startsWith('cuda')) return;
  const folders = ['cu13', 'cuda_nvcc'].map((name) => join(root, 'nvidia', name));
  const folder = folders.find((path) => existsSync(path));
  const flags = process.env['XLA_FLAGS'] ?? '';
  if (folder === undefined || flags.includes('xla_gpu_cuda_data_dir')) return;
  process.env['XLA_FLAGS'] = `${flags} --xla_gpu_cuda_data_dir=${folder}`.trim();
}

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The names that diffusers gives the file, best first. */
const FILES = ['diffusion_pytorch_model.safetensors', 'diffusion_pytorch_model.fp16.safetensors'];

/**
 * The file of weights of a diffusers folder.
 *
 * @param fn - who asks, for the error.
 * @throws {RangeError} (rejects) when there is none, or several of unknown names.
 */
export async function weightsFile(directory: string, fn: string): Promise<string> {
  const there = (await readdir(directory)).filter((name) => name.endsWith('.safetensors'));
  const name = FILES.find((known) => there.includes(known)) ?? (there.length === 1 ? there[0] : undefined);
  if (name !== undefined) return join(directory, name);
  throw new RangeError(
    `${fn}: expected ${FILES[0]} in ${directory}, got ${there.join(', ') || 'no .safetensors file'}. Pickled weights (.bin, .ckpt) are not read: download the safetensors.`,
  );
}

import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Where an autoencoder lies on the disk. */
export interface AutoencoderFiles {
  /** Its `config.json`; undefined for a file of weights alone, whose shapes say what it is. */
  readonly config: string | undefined;
  /** The file of weights, or the index (`….index.json`) of several. */
  readonly weights: string;
}

/** The names that diffusers gives weights, best first. */
const NAME = 'diffusion_pytorch_model';
const FILES = [
  '.safetensors',
  '.fp16.safetensors',
  '.safetensors.index.json',
  '.bin',
  '.fp16.bin',
  '.bin.index.json',
].map((ending) => `${NAME}${ending}`);

/** Files that may hold weights. */
const WEIGHTS = /\.(safetensors|bin|ckpt|pt|pth)$/;

/** Files of a folder that an error shows. */
const SHOWN = 5;

/**
 * Finds the files of an autoencoder.
 *
 * @param path - a diffusers folder, a pipeline's folder with `vae/` in it, or a file of weights.
 * @param fn - who asks, for the error.
 * @throws {RangeError} (rejects) when there is none, or several files of unknown names.
 * @throws {Error} (rejects) of the file system.
 */
export async function locateAutoencoder(path: string, fn = 'locateAutoencoder'): Promise<AutoencoderFiles> {
  if (!(await stat(path)).isDirectory()) return locateFile(path, fn);
  const names = (await readdir(path)).sort();
  const inside = join(path, 'vae');
  const isPipeline =
    names.includes('model_index.json') || !names.some((name) => name === 'config.json' || WEIGHTS.test(name));
  if (isPipeline && (await stat(inside).catch(() => undefined))?.isDirectory()) return locateAutoencoder(inside, fn);
  if (names.includes('model_index.json'))
    throw new RangeError(
      `${fn}: expected the folder vae in ${path}, which is a diffusers pipeline's, got none. Download the whole of it, or name its autoencoder's folder.`,
    );
  const unknown = names.filter((name) => WEIGHTS.test(name) && !FILES.includes(name) && !name.startsWith(NAME));
  const known = FILES.find((name) => names.includes(name));
  const weights = known ?? (unknown.length === 1 ? unknown[0] : undefined);
  const config = names.includes('config.json') ? join(path, 'config.json') : undefined;
  if (weights !== undefined) return { config, weights: join(path, weights) };
  const got = unknown.length > 0 ? unknown : names;
  throw new RangeError(
    `${fn}: expected an autoencoder's weights in ${path} (${FILES[0]}), got ${list(got)}. ${unknown.length > 0 ? 'Name one of these files' : "Name a diffusers folder, a pipeline's folder, or a file of weights"}.`,
  );
}

/** A file of weights, and the configuration beside it where it is that of a diffusers folder. */
async function locateFile(path: string, fn: string): Promise<AutoencoderFiles> {
  const name = basename(path);
  if (!WEIGHTS.test(name) && !name.endsWith('.index.json'))
    throw new RangeError(
      `${fn}: expected a folder, or a file of weights (.safetensors, .bin, .ckpt, .pt, .pth), got ${path}. Name the folder that it lies in.`,
    );
  const config = join(dirname(path), 'config.json');
  const isThere = name.startsWith(NAME) && (await stat(config).catch(() => undefined))?.isFile();
  return { config: isThere ? config : undefined, weights: path };
}

const list = (names: readonly string[]): string =>
  names.length === 0
    ? 'an empty folder'
    : `${names.slice(0, SHOWN).join(', ')}${names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''}`;

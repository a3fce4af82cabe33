import { basename, dirname, join, resolve } from 'node:path';
import type { LatentDescription } from '@edm2/latent-vae';
import { type AutoencoderFiles, hashAutoencoder, locateAutoencoder } from '@edm2/latent-vae/node';
import { explainFileError } from '@edm2/tensor-files';
import { functionWords, OptionError, type Words } from '../words.js';

/** What is looked for, and where. */
export interface WantedAutoencoder {
  /** The folder or file that was named. */
  readonly option?: string | undefined;
  /** What the latents' file says of it; undefined for files of other programs. */
  readonly description?: Pick<LatentDescription, 'vae' | 'sha256'> | undefined;
  /** The file or folder of the latents or of the network that makes them: an autoencoder is looked for beside it, too. */
  readonly of: string;
  /** Take the one that was named even when it is not the one that the latents are of. Default false. */
  readonly any?: boolean | undefined;
  readonly words?: Words | undefined;
}

/** An autoencoder. */
export interface FoundAutoencoder {
  /** Its diffusers folder, a pipeline's, or its file. */
  readonly directory: string;
  readonly sha256: string;
}

/** Of which autoencoder latents are where their file does not say: those of EDM2's published networks. */
const PUBLISHED = 'stabilityai/sd-vae-ft-mse';
/** Digits of a hash that an error shows. */
const SHOWN = 12;

/**
 * Checks that a path names an autoencoder.
 *
 * @throws {OptionError} (rejects) when it does not.
 * @throws {Error} (rejects) of the file system, explained.
 */
export async function expectAutoencoder(path: string, words: Words): Promise<AutoencoderFiles> {
  try {
    return await locateAutoencoder(path, words.head('vae'));
  } catch (cause) {
    if (cause instanceof RangeError) throw new OptionError(cause.message, { cause });
    throw explainFileError(cause, { fn: words.head('vae'), path });
  }
}

/**
 * The autoencoder that latents are of: the one that was named, else one of the name that their file gives, in the working
 * directory or beside the file. Its weights must be those that the file gives.
 *
 * @throws {OptionError} (rejects) when there is none, or it is another.
 */
export async function findAutoencoder({
  option,
  description,
  of,
  any,
  words = functionWords('findAutoencoder'),
}: WantedAutoencoder): Promise<FoundAutoencoder> {
  const { vae = PUBLISHED, sha256 } = description ?? {};
  const places = option === undefined ? placesOf(vae, of) : [option];
  const others: string[] = [];
  for (const directory of places) {
    if (option !== undefined) await expectAutoencoder(directory, words);
    else if (!(await isAutoencoder(directory))) continue;
    const found = await hashAutoencoder(directory);
    if (sha256 === undefined || found === sha256 || (any && option !== undefined)) return { directory, sha256: found };
    others.push(`${directory}, whose weights are ${found.slice(0, SHOWN)}…`);
  }
  const wanted = `the autoencoder of ${of}, ${vae}${sha256 === undefined ? '' : ` (SHA-256 of its weights ${sha256.slice(0, SHOWN)}…)`}`;
  const got = others.join(', ') || `none at ${places.join(' or ')}`;
  const remedy =
    others.length > 0 && option !== undefined
      ? `Name that one, or add ${words.name('anyVae')} to decode with this one anyway`
      : `Name its diffusers folder, or its file, with ${words.name('vae')}`;
  throw new OptionError(`${words.head('vae')}: expected ${wanted}, got ${got}. ${remedy}.`);
}

/** Where a folder of that name may be. */
function placesOf(vae: string, of: string): string[] {
  const names = [...new Set([vae, basename(vae)])];
  return [
    ...new Set(
      ['.', dirname(resolve(of)), dirname(dirname(resolve(of)))].flatMap((folder) =>
        names.map((name) => join(folder, name)),
      ),
    ),
  ];
}

const isAutoencoder = (path: string): Promise<boolean> =>
  locateAutoencoder(path).then(
    () => true,
    () => false,
  );

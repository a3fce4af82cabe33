import { access } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { LatentDescription } from '@edm2/latent-vae';
import { hashAutoencoder } from '@edm2/latent-vae/node';
import { UsageError } from '../command/errors.js';

/** What is looked for, and where. */
export interface WantedAutoencoder {
  /** The folder that the command line names. */
  readonly option?: string | undefined;
  /** What the latents' file says of it; undefined for files of other programs. */
  readonly description?: Pick<LatentDescription, 'vae' | 'sha256'> | undefined;
  /** The file or folder of the latents or of the network that makes them: an autoencoder is looked for beside it, too. */
  readonly of: string;
  /** Take the folder that the command line names even when it is not the one that the latents are of. Default false. */
  readonly any?: boolean | undefined;
}

/** An autoencoder's diffusers folder. */
export interface FoundAutoencoder {
  readonly directory: string;
  readonly sha256: string;
}

/** Of which autoencoder latents are where their file does not say: those of EDM2's published networks. */
const PUBLISHED = 'stabilityai/sd-vae-ft-mse';
/** Digits of a hash that an error shows. */
const SHOWN = 12;

/**
 * The autoencoder that latents are of: the folder that `--vae` names, else one of the name that their file gives, in the working
 * directory or beside the file. Its weights must be those that the file gives.
 *
 * @throws {UsageError} (rejects) when there is none, or it is another.
 */
export async function findAutoencoder({ option, description, of, any }: WantedAutoencoder): Promise<FoundAutoencoder> {
  const { vae = PUBLISHED, sha256 } = description ?? {};
  const places = option === undefined ? placesOf(vae, of) : [option];
  const others: string[] = [];
  for (const directory of places) {
    if (!(await exists(join(directory, 'config.json')))) continue;
    const found = await hashAutoencoder(directory);
    if (sha256 === undefined || found === sha256 || (any && option !== undefined)) return { directory, sha256: found };
    others.push(`${directory}, whose weights are ${found.slice(0, SHOWN)}…`);
  }
  const wanted = `the autoencoder of ${of}, ${vae}${sha256 === undefined ? '' : ` (SHA-256 of its weights ${sha256.slice(0, SHOWN)}…)`}`;
  const got = others.join(', ') || `no diffusers folder at ${places.join(' or ')}`;
  const remedy =
    others.length > 0 && option !== undefined
      ? 'Name that one, or add --any-vae to decode with this one all the same'
      : `Name its diffusers folder with --vae`;
  throw new UsageError(`--vae: expected ${wanted}, got ${got}. ${remedy}.`);
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

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

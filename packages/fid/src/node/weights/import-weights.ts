import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename, dirname } from 'node:path';
import { makeFolder, writeSafetensors } from '@edm2/tensor-files';
import type { ParameterSpec } from '@edm2/tensor-files/tfjs';
import { readWeights } from './read-weights.js';
import type { WeightSource } from './sources.js';

/** What an import found. */
export interface ImportedWeights {
  readonly sha256: string;
  /** Of which published file the hash is; undefined when it is another. */
  readonly published: string | undefined;
  readonly tensors: number;
  readonly values: number;
}

/**
 * Checks a file of weights and keeps it, converted once, where the command looks for it.
 *
 * @param from - the file.
 * @param to - final name, `.safetensors`; folders are made.
 * @throws {RangeError} (rejects) when the names or shapes are not the network's, or the file bears a published name and another hash.
 */
export async function importWeights(
  from: string,
  to: string,
  source: WeightSource,
  parameters: readonly ParameterSpec[],
): Promise<ImportedWeights> {
  const sha256 = await hashOf(from);
  expectNamedHash(from, sha256, source);
  const dict = await readWeights(from, parameters);
  const published = source.files.find((file) => file.sha256 !== undefined && sha256.startsWith(file.sha256))?.url;
  await makeFolder(dirname(to));
  await writeSafetensors(to, dict, {
    network: source.name,
    licence: source.licence,
    source_sha256: sha256,
    ...(published === undefined ? {} : { source: published }),
  });
  const values = Object.values(dict).reduce((sum, { data }) => sum + data.length, 0);
  return { sha256, published, tensors: Object.keys(dict).length, values };
}

/** A published name with other contents: a broken download, or a file that is not what it says. */
function expectNamedHash(from: string, sha256: string, { files }: WeightSource): void {
  const named = files.find(({ url }) => basename(url) === basename(from));
  if (named?.sha256 === undefined || sha256.startsWith(named.sha256)) return;
  throw new RangeError(
    `importWeights: expected a SHA-256 that begins with ${named.sha256}, as published for ${basename(from)}, got ${sha256}. Fetch it again, or rename it if it is meant to differ.`,
  );
}

/** SHA-256 of a file, hex. */
export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

import { rmSync } from 'node:fs';
import { mkdtemp, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSnapshots, reconstructFiles } from '@edm2/phema/node';
import { explainFileError } from '@edm2/tensor-files';
import { functionWords, OptionError, type Words } from '../words.js';
import { findInstalled } from './installed.js';

/** Which average of a network. */
export interface FindNetworkOptions {
  /** EMA length. Default: a run's shortest, an installed network's best. */
  readonly sigmaRel?: number | undefined;
  /** Take an average whose profile is far from the one asked for. Default false: it is refused. */
  readonly force?: boolean | undefined;
  readonly words?: Words | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A network's file. */
export interface FoundNetwork {
  readonly path: string;
  /** How it was come by where the name alone does not tell; one line. */
  readonly how?: string;
  /** Removes the file if it was made for this occasion. */
  release(): void;
}

/** Files that may be networks. */
const SNAPSHOT = /\.(safetensors|pkl)$/;
/** Traditional averages (config A) have no length, and stand last. */
const HALF_LIFE = /^network-snapshot-.*-halflife\.safetensors$/;
/** The relative length of an average of all weights alike, γ = 0. */
const LONGEST = Math.sqrt(1 / 12);
/** Names that an error shows of a folder's files. */
const SHOWN = 3;

/**
 * Finds a network: a snapshot's file; a run's folder, of which the newest average is taken; or the name of an installed package of networks,
 * such as `digits`. An average of another length than those stored is reconstructed into a temporary file.
 *
 * @throws {OptionError} (rejects) when there is nothing by that name, or it is no network's.
 * @throws {Error} (rejects) when the average asked for cannot be reconstructed; of the file system, explained.
 */
export async function findNetwork(path: string, options: FindNetworkOptions = {}): Promise<FoundNetwork> {
  const { sigmaRel, words = functionWords('open') } = options;
  if (sigmaRel !== undefined && !(sigmaRel > 0 && sigmaRel < LONGEST))
    throw new OptionError(
      `${words.head('sigmaRel')}: expected an EMA length above 0 and below ${LONGEST.toFixed(4)}, got ${sigmaRel}. EDM2's are 0.01 to 0.25.`,
    );
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw explainFileError(error, { fn: words.head('path'), path });
  });
  if (found?.isDirectory()) return inFolder(path, path, undefined, options);
  if (found) return ofFile(path, sigmaRel, words);
  const installed = await findInstalled(path);
  if (installed) return inFolder(installed.folder, installed.name, installed.sigmaRel, options);
  throw new OptionError(
    `${words.head('path')}: expected a network snapshot, a run's folder or an installed network such as digits, got nothing at ${path}. Check the name.`,
  );
}

function ofFile(path: string, sigmaRel: number | undefined, words: Words): FoundNetwork {
  if (sigmaRel !== undefined)
    throw new OptionError(
      `${words.head('sigmaRel')}: expected a run's folder beside it, got the file ${path}: one average gives no other. Name the folder, or leave ${words.name('sigmaRel')} out.`,
    );
  return { path, release() {} };
}

async function inFolder(
  folder: string,
  name: string,
  best: number | undefined,
  { sigmaRel, force, words = functionWords('open'), signal }: FindNetworkOptions,
): Promise<FoundNetwork> {
  const traditional = await newestTraditional(folder);
  const set = await openSnapshots(folder, { signal }).catch((cause: unknown) => {
    if (traditional !== undefined && sigmaRel === undefined) return undefined;
    // Damaged files speak for themselves.
    if (cause instanceof Error && cause.name === 'RangeError') return noNetwork(folder, words, cause);
    throw cause;
  });
  if (!set) return { path: traditional as string, how: `the traditional average of ${name}`, release() {} };
  await set.close();
  const { snapshots, times } = set;
  const last = times.at(-1);
  const newest = snapshots.filter(({ nimg }) => nimg === last);
  const wanted = sigmaRel ?? newest.find((each) => each.sigmaRel === best)?.sigmaRel ?? best ?? newest[0]?.sigmaRel;
  const stored = newest.find((each) => each.sigmaRel === wanted);
  const at = `after ${last?.toLocaleString('en')} ${set.unit}`;
  if (stored) return { path: stored.path, how: `EMA length ${wanted} of ${name}, stored ${at}`, release() {} };
  const output = await mkdtemp(join(tmpdir(), 'edm2-average-'));
  const release = (): void => rmSync(output, { recursive: true, force: true });
  try {
    const { outputs } = await reconstructFiles({
      input: folder,
      output,
      sigmaRels: [wanted as number],
      force,
      dtype: 'float32',
      signal,
    });
    const path = outputs[0]?.path as string;
    return { path, how: `EMA length ${wanted} of ${name}, reconstructed ${at}`, release };
  } catch (error) {
    release();
    throw error;
  }
}

async function newestTraditional(folder: string): Promise<string | undefined> {
  const names = (await readdir(folder)).filter((name) => HALF_LIFE.test(name)).sort();
  const last = names.at(-1);
  return last === undefined ? undefined : join(folder, last);
}

async function noNetwork(folder: string, words: Words, cause: Error): Promise<never> {
  const names = (await readdir(folder)).filter((name) => SNAPSHOT.test(name)).sort();
  const shown = names.slice(-SHOWN).join(', ');
  const more = names.length > SHOWN ? `, and ${names.length - SHOWN} more` : '';
  if (names.length === 0)
    throw new OptionError(
      `${words.head('path')}: expected a network snapshot, got the folder ${folder}, which holds none. Name a file, or a run's folder.`,
      { cause },
    );
  const why = / got none in /.test(cause.message)
    ? 'whose files have no time and EMA length in their names (PREFIX-KIMG-STD.safetensors)'
    : `of which it is said: ${cause.message.replace(/^openSnapshots: /, '')}`;
  throw new OptionError(
    `${words.head('path')}: expected the snapshots of one run, got the folder ${folder}, ${why.replace(/\.$/, '')}. Name a file in it: ${shown}${more}.`,
    { cause },
  );
}

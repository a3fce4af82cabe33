import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Networks that an npm package brings. */
export interface InstalledNetwork {
  /** The package's name. */
  readonly name: string;
  /** Folder of its snapshots. */
  readonly folder: string;
  /** EMA length that its makers recommend; undefined: they say nothing. */
  readonly sigmaRel: number | undefined;
  /** The feature network that they were scored with, and what it sees in real images; undefined: the package has none. */
  readonly features: string | undefined;
  readonly reference: string | undefined;
}

/** What a package's name may be, with or without a scope; a path is none. */
const NAME = /^(?:@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*$/i;

/** Bytes of a package.json that are read: a hundred times the longest that is known. */
const MAX_MANIFEST = 2 ** 22;

/**
 * The networks of an installed package: `digits` stands for `@edm2/digits`. A package says in its package.json where they are:
 * `"edm2": { "networks": "networks", "sigmaRel": 0.1 }`, and
 * `features` and `reference` for what scored them. It is looked for from the working directory, then beside this package; none of
 * its code is run.
 *
 * @returns undefined where no such package is installed, or it has no networks.
 */
export async function findInstalled(name: string): Promise<InstalledNetwork | undefined> {
  if (!NAME.test(name)) return undefined;
  const names = name.startsWith('@') ? [name] : [`@edm2/${name}`, name];
  const places = [join(process.cwd(), 'package.json'), import.meta.url].map((from) => createRequire(from));
  for (const each of names)
    for (const require of places) {
      const manifest = resolved(require, `${each}/package.json`);
      const found = manifest === undefined ? undefined : await networksOf(each, manifest);
      if (found) return found;
    }
  return undefined;
}

function resolved(require: NodeJS.Require, specifier: string): string | undefined {
  try {
    return require.resolve(specifier);
  } catch {
    // Not installed, or it does not show its package.json.
    return undefined;
  }
}

async function networksOf(name: string, manifest: string): Promise<InstalledNetwork | undefined> {
  const text = await readFile(manifest, 'utf8').catch(() => '');
  if (text.length > MAX_MANIFEST) return undefined;
  const { edm2 } = JSON.parse(text || '{}') as { edm2?: Record<string, unknown> };
  const { networks, sigmaRel, features, reference } = edm2 ?? {};
  if (typeof networks !== 'string') return undefined;
  const fileOf = (path: unknown): string | undefined =>
    typeof path === 'string' ? join(dirname(manifest), path) : undefined;
  return {
    name,
    folder: join(dirname(manifest), networks),
    sigmaRel: typeof sigmaRel === 'number' && sigmaRel > 0 ? sigmaRel : undefined,
    features: fileOf(features),
    reference: fileOf(reference),
  };
}

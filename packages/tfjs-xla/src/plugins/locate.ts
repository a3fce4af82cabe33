import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cacheFolder } from './folders.js';

/** Kinds of devices that there are plugins for. */
export const KINDS = ['cpu', 'cuda13', 'cuda12', 'rocm', 'tpu', 'oneapi'] as const;
export type Kind = (typeof KINDS)[number];

/** A plugin that is here. */
export interface FoundPlugin {
  /** The shared library. */
  readonly file: string;
  /** Who put it there. */
  readonly from: 'option' | 'PJRT_PLUGIN_LIBRARY_PATH' | 'jax' | 'installed';
  /** What its name says of its devices; undefined where it says nothing. */
  readonly kind: Kind | undefined;
  /** Folder that NVIDIA's libraries and tools lie under, `nvidia/`, where it is known. */
  readonly root: string | undefined;
}

/** Where plugins are looked for. */
export interface FindOptions {
  /** A plugin's path, which comes first. */
  readonly plugin?: string | undefined;
  /** Folder of installations; default: where `npx tfjs-xla install` puts them. */
  readonly directory?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** What plugins are called in wheels, by their folders. */
const FOLDERS: readonly (readonly [RegExp, Kind])[] = [
  [/cuda13/, 'cuda13'],
  [/cuda12/, 'cuda12'],
  [/rocm/, 'rocm'],
  [/oneapi|sycl/, 'oneapi'],
  [/libtpu|tpu/, 'tpu'],
  [/cpu/, 'cpu'],
];

const kindOf = (file: string): Kind | undefined => {
  const path = file.split('/').slice(-2).join('/');
  return FOLDERS.find(([pattern]) => pattern.test(path))?.[1];
};

const LIBRARY = /(pjrt|plugin|libtpu).*\.(so|dylib)$/;

/** The plugin in a folder of site-packages. */
const libraryIn = (folder: string): string | undefined =>
  filesOf(folder)
    .filter((name) => LIBRARY.test(name))
    .map((name) => join(folder, name))[0];

const filesOf = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).sort() : []);

/** site-packages of the active Python environment. */
function sitePackages(env: Readonly<Record<string, string | undefined>>): string[] {
  const prefixes = [env['VIRTUAL_ENV'], env['CONDA_PREFIX']].filter((prefix) => prefix !== undefined && prefix !== '');
  return prefixes.flatMap((prefix) => {
    const lib = join(prefix as string, 'lib');
    return filesOf(lib)
      .filter((name) => /^python3/.test(name))
      .map((name) => join(lib, name, 'site-packages'))
      .filter((folder) => existsSync(folder));
  });
}

/** Plugins under a folder that is laid out as site-packages is. */
export function pluginsUnder(root: string, from: FoundPlugin['from']): FoundPlugin[] {
  const jax = filesOf(join(root, 'jax_plugins')).map((name) => join(root, 'jax_plugins', name));
  const own = ['lammps_jax_pjrt_cpu', 'libtpu'].map((name) => join(root, name));
  return [...jax, ...own].flatMap((folder) => {
    const file = libraryIn(folder);
    return file === undefined ? [] : [{ file, from, kind: kindOf(file), root }];
  });
}

/** Files that a driver makes for devices of a kind. */
const DEVICE_FILES: Partial<Readonly<Record<Kind, readonly string[]>>> = {
  cuda13: ['/dev/nvidiactl', '/dev/dxg'],
  cuda12: ['/dev/nvidiactl', '/dev/dxg'],
  rocm: ['/dev/kfd', '/dev/dxg'],
  tpu: ['/dev/accel0', '/dev/vfio'],
  oneapi: ['/dev/dri', '/dev/dxg'],
};

/** Whether this machine has a device of the kind, as far as its files tell. */
const hasDevice = (kind: Kind | undefined): boolean => {
  const files = kind === undefined ? undefined : DEVICE_FILES[kind];
  return files === undefined || process.platform !== 'linux' || files.some((file) => existsSync(file));
};

/**
 * Plugins that are here, in the order in which they are preferred: the one that is named, that of the environment variable,
 * those of an installed JAX, those that the command installed. Accelerators come before the CPU among the latter two, those
 * without a device on this machine come last of all.
 *
 * @param isHere - whether the machine has a device of a kind; tests put another in its place.
 */
export function findPlugins(
  { plugin, directory, env = process.env }: FindOptions = {},
  isHere: (kind: Kind | undefined) => boolean = hasDevice,
): FoundPlugin[] {
  const named = (file: string | undefined, from: FoundPlugin['from']): FoundPlugin[] =>
    file === undefined || file === ''
      ? []
      : [{ file: resolve(file), from, kind: kindOf(resolve(file)), root: rootOf(resolve(file)) }];
  const folder = directory ?? cacheFolder(env);
  const installed = filesOf(folder)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => pluginsUnder(join(folder, name), 'installed'));
  const jax = sitePackages(env).flatMap((root) => pluginsUnder(root, 'jax'));
  const rank = ({ kind }: FoundPlugin): number =>
    kind === undefined ? KINDS.length : KINDS.indexOf(kind) || KINDS.length;
  const accelerated = (found: FoundPlugin[]): FoundPlugin[] => [...found].sort((a, b) => rank(a) - rank(b));
  const found = [...accelerated(jax), ...accelerated(installed)];
  return [
    ...named(plugin, 'option'),
    ...named(env['PJRT_PLUGIN_LIBRARY_PATH'], 'PJRT_PLUGIN_LIBRARY_PATH'),
    ...found.filter(({ kind }) => isHere(kind)),
    ...found.filter(({ kind }) => !isHere(kind)),
  ];
}

/** The folder laid out as site-packages that a plugin lies in. */
const rootOf = (file: string): string | undefined => /^(.*)\/jax_plugins\/[^/]+\/[^/]+$/.exec(file)?.[1];

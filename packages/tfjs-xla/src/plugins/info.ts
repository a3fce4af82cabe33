import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf } from '@edm2/wheels/folders';
import { Client } from '../native/client.js';
import { Plugin } from '../native/plugin.js';
import { giveTools } from '../tools.js';
import { cacheFolder } from './folders.js';
import { type FindOptions, type FoundPlugin, findPlugins } from './locate.js';

/** What a plugin says of itself. */
export interface OpenedPlugin {
  /** Of the C API. */
  readonly version: string;
  readonly platform: string;
  /** Versions of StableHLO that it takes: the oldest and its own. */
  readonly stablehlo: readonly [string, string];
  readonly devices: readonly { readonly id: number; readonly kind: string; readonly memory: number | undefined }[];
}

/** A plugin that is here, opened. */
export interface PluginInfo extends FoundPlugin {
  readonly bytes: number;
  readonly opened: OpenedPlugin | { readonly error: string };
  /** What it needs beside it and does not find. */
  readonly missing: readonly string[];
}

/** What is here. */
export interface Info {
  readonly directory: string;
  /** The one that is started by default comes first. */
  readonly plugins: readonly PluginInfo[];
}

/** NVIDIA's libraries that XLA for CUDA 13 opens at run time. */
const CUDA_LIBRARIES = ['cu13/lib/libcublas.so.13', 'cu13/lib/libcublasLt.so.13', 'cudnn/lib/libcudnn.so.9'] as const;

/** Lists the plugins that are here and opens each. */
export function info(options: FindOptions, open: (found: FoundPlugin) => PluginInfo['opened']): Info {
  const plugins = findPlugins(options).map((found): PluginInfo => {
    const exists = existsSync(found.file);
    return {
      ...found,
      bytes: exists ? bytesOf(found.file) : 0,
      opened: exists ? open(found) : { error: `expected a file, got none at ${found.file}` },
      missing: missingOf(found),
    };
  });
  return { directory: options.directory ?? cacheFolder(options.env), plugins };
}

function missingOf({ kind, root }: FoundPlugin): string[] {
  if (kind !== 'cuda13' || root === undefined) return [];
  return CUDA_LIBRARIES.filter((path) => !existsSync(join(root, 'nvidia', path))).map((path) => `nvidia/${path}`);
}

/** Opens a plugin in this process. */
export function openHere(found: FoundPlugin): OpenedPlugin {
  giveTools(found);
  const plugin = Plugin.open(found.file);
  const attributes = plugin.attributes();
  const version = (name: string): string => [attributes[name]].flat().join('.');
  const { major, minor } = plugin.version;
  const client = new Client(plugin);
  return {
    version: `${major}.${minor}`,
    platform: client.platform,
    stablehlo: [version('stablehlo_minimum_version'), version('stablehlo_current_version')],
    devices: client.devices.map((device) => {
      const { id, kind } = device;
      return { id, kind, memory: client.memoryOf(device)?.limit };
    }),
  };
}

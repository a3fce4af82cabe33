import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The index that pip uses where nothing else is set. */
export const PUBLIC_INDEX = 'https://pypi.org/simple';

/** Where wheels are looked for, in this order. */
export interface IndexSettings {
  /** Folders on this machine that may hold the wheels. */
  readonly folders: readonly string[];
  /** Addresses of package indexes. */
  readonly indexes: readonly string[];
}

/** What the settings are read from. */
export interface SettingSources {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: string;
  readonly home: string;
}

/**
 * The user's package index settings, as pip reads them: its files, where later ones and `[download]` win, then the environment.
 *
 * @see https://pip.pypa.io/en/stable/topics/configuration/
 */
export function indexSettings({
  env = process.env,
  platform = process.platform,
  home = homedir(),
}: Partial<SettingSources> = {}): IndexSettings {
  const settings = new Map<string, string>();
  for (const file of configFiles({ env, platform, home })) {
    const sections = existsSync(file) ? parseIni(readFileSync(file, 'utf8')) : [];
    for (const wanted of ['global', 'install', 'download'])
      for (const { section, key, value } of sections) if (section === wanted) settings.set(key, value);
  }
  for (const key of ['index-url', 'extra-index-url', 'find-links', 'no-index']) {
    const value = env[`PIP_${key.toUpperCase().replaceAll('-', '_')}`];
    if (value) settings.set(key, value);
  }
  const words = (key: string): string[] => (settings.get(key) ?? '').split(/\s+/).filter(Boolean);
  const links = words('find-links').map((link) => link.replace(/^file:\/\//, ''));
  const offline = /^(1|true|yes|on)$/i.test(settings.get('no-index') ?? '');
  return {
    folders: links.filter((link) => !/^\w+:\/\//.test(link)),
    indexes: offline
      ? []
      : [settings.get('index-url') ?? PUBLIC_INDEX, ...words('extra-index-url')].map((url) => url.replace(/\/+$/, '')),
  };
}

/** pip's files, weakest first. `PIP_CONFIG_FILE=/dev/null` turns them all off, as it does for pip. */
function configFiles({ env, platform, home }: SettingSources): string[] {
  const named = env['PIP_CONFIG_FILE'];
  if (named === '/dev/null') return [];
  const config = env['XDG_CONFIG_HOME'] || join(home, '.config');
  const system =
    platform === 'darwin'
      ? ['/Library/Application Support/pip/pip.conf']
      : [
          ...(env['XDG_CONFIG_DIRS'] || '/etc/xdg').split(':').map((folder) => join(folder, 'pip/pip.conf')),
          '/etc/pip.conf',
        ];
  return [
    ...system,
    join(home, '.pip/pip.conf'),
    join(config, 'pip/pip.conf'),
    ...(platform === 'darwin' ? [join(home, 'Library/Application Support/pip/pip.conf')] : []),
    ...(env['VIRTUAL_ENV'] ? [join(env['VIRTUAL_ENV'], 'pip.conf')] : []),
    ...(named ? [named] : []),
  ];
}

interface Entry {
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

/** Entries of an INI file as Python's configparser reads them: indented lines go on with the value before. */
function parseIni(text: string): Entry[] {
  const entries: { section: string; key: string; value: string }[] = [];
  let section = '';
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const last = entries.at(-1);
    const header = /^\[([^\]]+)\]/.exec(line)?.[1];
    const [, key, value] = /^([\w-]+)\s*[=:]\s*(.*)$/.exec(line) ?? [];
    if (header !== undefined) section = header.trim();
    else if (key !== undefined)
      entries.push({ section, key: key.toLowerCase().replaceAll('_', '-'), value: value?.trim() ?? '' });
    else if (/^\s/.test(line) && last !== undefined) last.value += ` ${line.trim()}`;
  }
  return entries;
}

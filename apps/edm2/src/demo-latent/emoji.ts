import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, writeFileAtomic } from '@edm2/tensor-files';

/** Twitter's emoji, 64×64 pixels with transparency: the graphics are CC-BY 4.0, the package is MIT. Brought by npm, never part of this repository. */
export const SOURCE = {
  name: 'emoji-datasource-twitter',
  version: '16.0.0',
  integrity: 'sha512-7F+uCuHH+7Qnrc15P5tnbvKkg9E6tlzi4MnT2uW1RlN4pLYTza6cP/dstIfSDMtpjFLWuZewWg8jBbuL2eyELQ==',
  licence: 'Twemoji graphics by Twitter and other contributors, CC-BY 4.0',
} as const;

/** One emoji: its picture, its category, such as `Travel & Places`, and the kind within it that is its class, such as `time`. */
export interface Emoji {
  readonly path: string;
  readonly category: string;
  readonly kind: string;
}

/** Hair styles and skin tones, five pictures that are no emoji by themselves. */
const LEFT_OUT = 'Component';

/**
 * Brings the package into a folder, unless it is there: npm compares it with the pinned hash.
 *
 * @returns the package's folder.
 * @throws {Error} (rejects) when npm fails.
 */
export async function fetchEmoji(cache: string, signal: AbortSignal): Promise<string> {
  const { name, version, integrity } = SOURCE;
  const folder = join(cache, 'node_modules', name);
  const marker = join(cache, `${name}-${version}.whole`);
  if ((await readFile(marker, 'utf8').catch(() => '')) === integrity) return folder;
  await makeFolder(cache);
  const about = { name: 'edm2-emoji', version: '1.0.0', dependencies: { [name]: version } };
  const resolved = `https://registry.npmjs.org/${name}/-/${name}-${version}.tgz`;
  const lock = {
    ...{ name: about.name, version: about.version, lockfileVersion: 3, requires: true },
    packages: { '': about, [`node_modules/${name}`]: { version, resolved, integrity } },
  };
  await writeFileAtomic(join(cache, 'package.json'), JSON.stringify({ ...about, private: true }));
  await writeFileAtomic(join(cache, 'package-lock.json'), JSON.stringify(lock));
  await npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], cache, signal);
  await writeFileAtomic(marker, integrity);
  return folder;
}

function npm(args: readonly string[], cwd: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, {
      cwd,
      signal,
      shell: process.platform === 'win32',
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`npm ${args.join(' ')}: expected exit code 0, got ${code}. ${errors.trim()}`));
    });
  });
}

/**
 * Emoji of the package, without variants of skin tone, in the package's order.
 *
 * @throws {Error} (rejects) when the list is not of its form.
 */
export async function listEmoji(folder: string): Promise<Emoji[]> {
  const list: unknown = JSON.parse(await readFile(join(folder, 'emoji.json'), 'utf8'));
  if (!Array.isArray(list)) throw new Error(`${folder}: expected emoji.json to be a list, got something else.`);
  return list.flatMap(
    (entry: Partial<Record<'image' | 'category' | 'subcategory' | 'has_img_twitter', unknown>>): Emoji[] => {
      const { image, category, subcategory: kind } = entry;
      if (
        typeof image !== 'string' ||
        typeof category !== 'string' ||
        typeof kind !== 'string' ||
        !/^[\w-]+\.png$/.test(image)
      )
        return [];
      if (entry.has_img_twitter !== true || category === LEFT_OUT) return [];
      return [{ path: join(folder, 'img', 'twitter', '64', image), category, kind }];
    },
  );
}

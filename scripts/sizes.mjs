// Compares every published entry with its row in the package's "size-limit" (gzipped, dependencies left out). Not with the size-limit
// tool: it bundles dependencies, and the figures would be TensorFlow.js's.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from './bootstrap.mjs';

let failed = false;
for (const name of readdirSync(join(root, 'packages'))) {
  const folder = join(root, 'packages', name);
  const { 'size-limit': rows = [] } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const { path, limit } of rows) {
    // Shared chunks count into every entry that imports them.
    const seen = new Set();
    const bytes = size(folder, path, seen);
    const allowed = Number.parseFloat(limit) * 1000;
    const over = bytes > allowed;
    failed ||= over;
    console.log(`${over ? '✗' : '✓'} ${name}/${path}: ${(bytes / 1000).toFixed(1)} kB of ${limit}`);
  }
}
process.exit(failed ? 1 : 0);

function size(folder, path, seen) {
  const file = join(folder, path);
  if (seen.has(file)) return 0;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  let bytes = gzipSync(text).length;
  for (const [, chunk] of text.matchAll(/(?:from\s*|import\s*\(?\s*)["'](\.\/[^"']+)["']/g))
    bytes += size(folder, join(path, '..', chunk), seen);
  return bytes;
}

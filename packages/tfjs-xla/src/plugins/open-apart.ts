import { spawnSync } from 'node:child_process';
import type { PluginInfo } from './info.js';
import type { FoundPlugin } from './locate.js';

/** Milliseconds that a plugin may take to open. */
const TIMEOUT = 120_000;

/**
 * Opens a plugin in a process of its own, by this program's hidden command `open`: what ends that process does not end this one.
 *
 * @param path - words of this program, where it is a command of another one.
 */
export const openApart =
  (path: readonly string[]) =>
  (found: FoundPlugin): PluginInfo['opened'] => {
    const script = process.argv[1] ?? '';
    const args = [...process.execArgv, script, ...path, 'open', JSON.stringify(found)];
    const made = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: TIMEOUT });
    const line = made.stdout?.trim().split('\n').at(-1) ?? '';
    if (made.status === 0) return JSON.parse(line) as PluginInfo['opened'];
    const words = made.stderr?.trim().split('\n') ?? [];
    // Of a process that Node ended, the line that says why, not the one with Node's version.
    const said = words.find((each) => /\bError\b.*: /.test(each)) ?? words.at(-1);
    return { error: said || `the process that opened it ended with ${made.signal ?? made.status}` };
  };

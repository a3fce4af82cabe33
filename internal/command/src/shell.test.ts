import { expect, test } from 'vitest';
import { afterSubcommand, shellLine } from './shell.js';

test.each<[string[], string]>([
  [['--outdir', 'runs/a-b_c.1', '--lr-factors', 'C=5,G=3'], '--outdir runs/a-b_c.1 --lr-factors C=5,G=3'],
  [['--outdir', 'my runs'], "--outdir 'my runs'"],
  [["it's", '$HOME', ''], "'it'\\''s' '$HOME' ''"],
])('%j is typed as %s', (words, line) => expect(shellLine(words)).toBe(line));

test.each<[string[], string[]]>([
  [
    ['ladder', '--outdir', 'ladder'],
    ['--outdir', 'ladder'],
  ],
  [
    ['--outdir', 'ladder'],
    ['--outdir', 'ladder'],
  ],
  [[], []],
])('of %j, the sub-command is left out, not a value of its name', (argv, rest) =>
  expect(afterSubcommand(argv, 'ladder')).toEqual(rest),
);

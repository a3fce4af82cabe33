import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parseJsonLines } from '@edm2/app-kit/files/json-lines';
import { formatSpread } from '@edm2/app-scoring/scores/spread';
import { CONFIG_NAMES, type ConfigName, presets, SWITCH_NAMES, switchesOf } from '@edm2/edm2-unet';
import { codeBlocks, runMarkdown } from '@edm2/test-support';
import { trainingLadder } from '@edm2/training';
import { describe, expect, test } from 'vitest';
import type { Rung } from './ladder/result.js';
import type { SmallResult } from './small-data/run-one.js';
import { smallDataTable } from './small-data/table.js';

const root = new URL('../../../', import.meta.url);
const guide = new URL('docs/guide/ladder.md', root);
const text = readFileSync(guide, 'utf8');
const quoted = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
const steps = [...text.matchAll(/^\| ([A-G]) \|(.*)\|$/gm)].map(([, letter = '', row = '']) => {
  const [, , where, switches, training, fid, here] = row.split('|').map((cell) => cell.trim());
  return {
    letter: letter as ConfigName,
    where: quoted(where),
    switches: quoted(switches),
    training: quoted(training),
    fid,
    here,
  };
});

describe('docs/guide/ladder.md', () => {
  test('its code runs, and each network differs from its config by one switch', async () => {
    const logged = await runMarkdown(guide, new URL('../', import.meta.url));
    // As the comments beside say.
    const [block = ''] = await codeBlocks(guide, ['ts']);
    const said = [...block.matchAll(/^console\.log.*\/\/ (.*)$/gm)].map(([, comment]) => comment);
    expect(said).toHaveLength(3);
    expect(logged.map((value) => JSON.stringify(value))).toEqual(said);
  });

  test('its table has the switches that change from step to step, and the paper’s FIDs', () => {
    expect(steps.map(({ letter }) => letter)).toEqual(CONFIG_NAMES);
    for (const [i, { letter, switches, fid }] of steps.entries()) {
      expect(Number(fid), letter).toBe(trainingLadder[letter].paper?.fid);
      const before = CONFIG_NAMES[i - 1];
      const changed = before
        ? SWITCH_NAMES.filter((name) => switchesOf(before)[name] !== switchesOf(letter)[name])
        : [];
      // Where attention is, is an option of the network besides.
      expect(switches.filter((name) => name !== 'attnResolutions').sort(), letter).toEqual([...changed].sort());
    }
  });

  test('its table has what changes in the training, and what the ladder run scored', () => {
    const { rungs } = JSON.parse(readFileSync(new URL('docs/ladder.json', root), 'utf8')) as { rungs: Rung[] };
    for (const [i, { letter, training, here }] of steps.entries()) {
      const [before, after] = [trainingLadder[CONFIG_NAMES[i - 1] ?? 'A'], trainingLadder[letter]];
      const changed = (Object.keys(after) as (keyof typeof after)[]).filter(
        // The old name of referenceRate.
        (key) => !key.startsWith('paper') && key !== 'learningRate' && before[key] !== after[key],
      );
      expect([...training].sort(), letter).toEqual(changed.sort());
      const rung = rungs.find(({ config }) => config === letter);
      expect(here).toBe(rung && formatSpread(rung.frechet));
    }
  });

  test('the files that it names are there', () => {
    const sources = readdirSync(new URL('packages/', root)).flatMap((name) =>
      existsSync(new URL(`packages/${name}/src/`, root)) ? [`${name}/src/`] : [],
    );
    for (const { letter, where } of steps)
      for (const path of where.filter((word) => /[./]/.test(word)))
        expect(
          [...sources.map((folder) => `packages/${folder}${path}`), `packages/${path}`].some((file) =>
            existsSync(new URL(file, root)),
          ),
          `${letter}: ${path}`,
        ).toBe(true);
    for (const path of quoted(text).filter((word) => word.startsWith('packages/')))
      expect(existsSync(new URL(path, root)), path).toBe(true);
  });
});

test('the first command of the evaluation’s README names an average that the main job writes', () => {
  const readme = readFileSync(new URL('apps/evaluate/README.md', root), 'utf8');
  const [, name] = /generate --net runs\/mnist\/ema\/(\S+)/.exec(readme) ?? [];
  const kimg = String(presets.mnist.durationImages / 1000).padStart(7, '0');
  expect(name).toBe(`phema-${kimg}-0.100.safetensors`);
});

test('the guide to few images has the table of the runs that are stored', () => {
  const results = parseJsonLines<SmallResult>(readFileSync(new URL('docs/small-data.jsonl', root), 'utf8'));
  expect(results.length).toBeGreaterThan(1);
  expect(readFileSync(new URL('docs/guide/small-data.md', root), 'utf8')).toContain(`\n${smallDataTable(results)}`);
});

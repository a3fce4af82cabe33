import { ownCommand } from '@edm2/command/typed';
import type { Command } from 'commander';
import { describePreset, evaluationPreset, evaluationPresets } from '../presets.js';
import { print } from '../say.js';

/** `edm2-evaluate presets`. */
export const addPresetsCommand = (program: Command): Command =>
  program
    .command('presets')
    .description('List the published settings and their scores; with a name: what it takes, from where, on what terms.')
    .argument('[name]', 'one of them')
    .option('--json', 'print one JSON object')
    .action((name: string | undefined, { json }: { json?: boolean }) => {
      if (name !== undefined) {
        const preset = evaluationPreset(name);
        return print(json ? JSON.stringify(preset) : [name, ...describePreset(preset)].join('\n  '));
      }
      if (json) return print(JSON.stringify(evaluationPresets));
      const rows = Object.entries(evaluationPresets).map(
        ([name, { net, gnet, guidance, interval, expected, note }]) => [
          name,
          `${expected.metric} ${expected.value}`,
          net,
          gnet === undefined
            ? ''
            : `${gnet}, w = ${guidance}${interval ? `, σ in (${interval.join(', ')}]` : ''}${note === undefined ? '' : ' *'}`,
        ],
      );
      const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
      for (const row of rows)
        print(
          row
            .map((cell, i) => cell.padEnd(widths[i] ?? 0))
            .join('  ')
            .trimEnd(),
        );
      print(`* not all of it comes from the paper: ${ownCommand(['presets'])} <name>`);
    });

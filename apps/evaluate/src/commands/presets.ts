import type { Command } from 'commander';
import { evaluationPresets } from '../presets.js';
import { print } from '../say.js';

/** `edm2-evaluate presets`. */
export const addPresetsCommand = (program: Command): Command =>
  program
    .command('presets')
    .description('List the published settings and their scores.')
    .option('--json', 'print one JSON object')
    .action(({ json }: { json?: boolean }) => {
      if (json) return print(JSON.stringify(evaluationPresets));
      const rows = Object.entries(evaluationPresets).map(([name, { net, gnet, guidance, interval, expected }]) => [
        name,
        `${expected.metric} ${expected.value}`,
        net,
        gnet === undefined ? '' : `${gnet}, w = ${guidance}${interval ? `, σ in (${interval.join(', ')}]` : ''}`,
      ]);
      const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
      for (const row of rows)
        print(
          row
            .map((cell, i) => cell.padEnd(widths[i] ?? 0))
            .join('  ')
            .trimEnd(),
        );
    });

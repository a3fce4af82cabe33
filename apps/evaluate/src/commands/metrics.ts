import { UsageError } from '@edm2/command/errors';
import { ownCommand } from '@edm2/command/typed';
import type { Command } from 'commander';
import { addMetricsCalcCommand } from './metrics-calc.js';
import { addMetricsGenCommand } from './metrics-gen.js';
import { addMetricsRefCommand } from './metrics-ref.js';

/** `edm2-evaluate metrics calc | gen | ref`, which `edm2` calls `score`. */
export function addMetricsCommand(program: Command, typed: string): Command {
  const name = program.name() === 'edm2' ? 'score' : 'metrics';
  const metrics = program.command('metrics').description('Score images, or a network, against real images.');
  addMetricsCalcCommand(metrics);
  addMetricsGenCommand(metrics, typed);
  addMetricsRefCommand(metrics);
  return metrics.on('command:*', ([what = '', reference = 'REAL']: string[]) => {
    const command = (...args: string[]): string => ownCommand([name, ...args, '--ref', reference]);
    throw new UsageError(
      `${name}: expected calc, gen or ref, got ${what}. Stored images: ${command('calc', '--images', what)}; a network: ${command('gen', '--net', what)}. Each takes the weights of a feature network as --features FILE.`,
    );
  });
}

import type { Command } from 'commander';
import { addMetricsCalcCommand } from './metrics-calc.js';
import { addMetricsGenCommand } from './metrics-gen.js';
import { addMetricsRefCommand } from './metrics-ref.js';

/** `edm2-evaluate metrics calc | gen | ref`. */
export function addMetricsCommand(program: Command, typed: string): Command {
  const metrics = program.command('metrics').description('Score images, or a network, against real images.');
  addMetricsCalcCommand(metrics);
  addMetricsGenCommand(metrics, typed);
  addMetricsRefCommand(metrics);
  return metrics;
}

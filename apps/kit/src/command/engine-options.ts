import { addEngineOptions, type EngineOptionsOf } from '@edm2/command/engine-options';
import { ENGINES } from '@edm2/engine/names';
import type { Command } from 'commander';

/** What computes. */
export interface EngineChoice {
  readonly engine: string;
  readonly threads?: number;
}

/** Adds `--engine` and `--threads`. */
export const withEngineOptions = (command: Command, options: Omit<EngineOptionsOf, 'engines'> = {}): Command =>
  addEngineOptions(command, { engines: ENGINES, ...options });

import type { Command } from 'commander';
import type { Io } from './io.js';
import { READABLE_HELP } from './readable-help.js';

/** A program that writes to `io`, throws instead of ending the process, and names the nearest option and sub-command. */
export const styled = (program: Command, { out, err }: Pick<Io, 'out' | 'err'>): Command =>
  program
    .exitOverride()
    .configureOutput({ writeOut: (text) => out(text.trimEnd()), writeErr: (text) => void err.write(text) })
    .configureHelp(READABLE_HELP)
    .showSuggestionAfterError()
    .showHelpAfterError('Run with --help for the options.');

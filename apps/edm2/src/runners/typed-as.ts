import { ownCommand, TYPED_VARIABLE } from '@edm2/command/typed';

/**
 * Tells a program of its own that it is a command of `edm2`: what it prints to be pasted begins with `edm2 train`, and its arguments are
 * those behind it.
 *
 * @param words - of the command.
 * @param args - what its own process would have been given.
 */
export function typedAs(words: readonly string[], args: readonly string[]): void {
  process.env[TYPED_VARIABLE] = ownCommand(words);
  process.argv.splice(2, process.argv.length, ...args);
}

import { UsageError } from '@edm2/command/errors';
import type { Command } from 'commander';

/** Whether an option was typed: `sMin` for `--s-min`. */
export const isGiven = (command: Command, attribute: string): boolean =>
  command.getOptionValueSource(attribute) === 'cli';

/**
 * Refuses options that change nothing as the command stands: whoever typed them expects that they do.
 *
 * @param attributes - `sMin` for `--s-min`.
 * @param needed - what they take effect with, such as `--s-churn above 0`.
 * @throws {UsageError} when one was typed.
 */
export function refuseIdle(command: Command, attributes: readonly string[], needed: string): void {
  for (const attribute of attributes) {
    if (!isGiven(command, attribute)) continue;
    const option = command.options.find((each) => each.attributeName() === attribute);
    throw new UsageError(
      `${option?.long ?? attribute}: expected ${needed} as well, got none: alone it changes nothing. Add that, or leave it out.`,
    );
  }
}

import { ownCommand } from '@edm2/command/typed';

/** The command as it can be typed again. */
export const commandLine = (argv: readonly string[]): string => ownCommand(argv);

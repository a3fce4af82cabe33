import { ownCommand } from '@edm2/app-kit/command/typed';

/** The command as it can be typed again. */
export const commandLine = (argv: readonly string[]): string => ownCommand(argv);

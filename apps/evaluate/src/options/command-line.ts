import { shellLine } from '@edm2/app-kit/command/shell';

/** The command as it can be typed again. */
export function commandLine(argv: readonly string[]): string {
  const program = process.env['npm_lifecycle_event'] === 'evaluate' ? 'npm run evaluate --' : 'edm2-evaluate';
  return `${program} ${shellLine(argv)}`;
}

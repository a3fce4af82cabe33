import type { ExitCode } from '@edm2/command/errors';
import { runFid } from '../../../../packages/fid/src/node/cli/program.js';
import { runPhema } from '../../../../packages/phema/src/node/cli/program.js';
import { typedAs } from './typed-as.js';
import { withIo } from './with-io.js';

const PARTS = { phema: runPhema, fid: runFid } as const;

/** Runs the command of a package, which stays one of its own too. */
export function runPart(name: keyof typeof PARTS, args: readonly string[]): Promise<ExitCode> {
  typedAs([name], args);
  return withIo((io) => PARTS[name](args, io));
}

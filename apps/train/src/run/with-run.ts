import { relative } from 'node:path';
import { isInterruption, listenForInterrupt } from '@edm2/app-kit/command/interrupt';
import { InterruptedError, UsageError } from '@edm2/command/errors';
import { afterSubcommand } from '@edm2/command/shell';
import { ownCommand } from '@edm2/command/typed';
import type { Dataset } from '@edm2/dataset';
import { countParameters } from '@edm2/edm2-unet';
import { explainFileError, fileErrorCode } from '@edm2/tensor-files';
import type { RunConfig } from '../options/run-config.js';
import { say } from '../say.js';
import { announce } from './announce.js';
import { checkPrecision, chooseEngine, saysPrecision } from './choose-engine.js';
import { writeDataRecord } from './data-record.js';
import { buildNetwork } from './network.js';
import { checkRunFolder, inRunFolder, prepareRunFolder } from './run-folder.js';
import { imagesOf, type TrainRunOptions } from './train-run.js';
import { openValidation } from './validation/open-validation.js';

/** A run that is to begin, or to go on. */
export interface RunRequest {
  readonly config: RunConfig;
  readonly dataset: Dataset;
  readonly outdir: string;
  readonly resume: boolean;
}

/** What the work of a run is given. */
export type RunContext = Omit<TrainRunOptions, 'dataset'> & { readonly command: string };

/** A folder as it is typed from here. */
export const shown = (folder: string): string => relative('.', folder) || '.';

/** What every run gets: its folder to itself, an engine, and an ear for Ctrl-C. */
export async function withRun(
  { config, dataset, outdir, resume }: RunRequest,
  work: (run: RunContext) => Promise<void>,
): Promise<void> {
  // Before anything is written: what cannot be built is not begun.
  const { unet } = buildNetwork(config);
  await (await openValidation(dataset, config))?.close();
  await checkRunFolder(outdir, config, resume);
  await inRunFolder(outdir, async () => {
    const parameters = countParameters(unet);
    // An engine that does not start leaves no run behind.
    const engine = await chooseEngine(config.engine ?? 'auto', config, {
      ...(config.threads ? { threads: config.threads } : {}),
      parameters,
    });
    checkPrecision(config, engine);
    await prepareRunFolder(outdir, config, resume);
    if (!resume) await writeDataRecord(outdir, dataset);
    say(`engine: ${engine.why}`);
    if (config.precision !== 'float32') say(saysPrecision(config.precision));
    const { imgResolution: side } = config.network;
    say(
      `config ${config.config}, ${(parameters / 1e6).toFixed(2)} M parameters, ${side}×${side}, ${imagesOf(config)} images in batches of ${config.batch} → ${shown(outdir)}/`,
    );
    announce({ kind: 'start', outdir, engine: engine.why, parameters, images: imagesOf(config) });
    // All that the run was begun with is in its folder.
    const resumeCommand = ownCommand(['--resume', '--outdir', shown(outdir)]);
    const interrupt = listenForInterrupt(say, 'stopping after this step and writing a training state');
    try {
      await work({
        config,
        outdir,
        engine,
        resume,
        signal: interrupt.signal,
        say,
        command: typedCommand(),
        resumeCommand,
      });
    } catch (error) {
      throw explained(error, interrupt.signal, outdir, resumeCommand);
    } finally {
      interrupt.release();
    }
  });
}

/** The command as it was typed. */
const typedCommand = (): string =>
  ownCommand(afterSubcommand(process.argv.slice(2), 'demo'), {
    subcommand: process.argv[2] === 'demo' ? 'demo' : undefined,
  });

/** Says how to go on where that is the next step: after an interruption, and after a disk that failed. */
function explained(error: unknown, signal: AbortSignal, outdir: string, resumeCommand: string): unknown {
  const onwards = `everything up to the last training state is in ${shown(outdir)}. Continue with: ${resumeCommand}`;
  if (error instanceof InterruptedError) return error;
  if (isInterruption(error, signal)) return new InterruptedError(`interrupted; ${onwards}`, { cause: error });
  const code = fileErrorCode(error);
  if (code === undefined || error instanceof UsageError) return error;
  const { message } = explainFileError(error, { fn: 'train' }) as Error;
  return new Error(`${message}\n${onwards}`, { cause: error });
}

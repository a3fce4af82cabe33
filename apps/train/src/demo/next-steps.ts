import { join } from 'node:path';
import { siblingCommand } from '@edm2/command/typed';
import type { RunReport } from '../report/types.js';
import { GUIDANCE } from './guidance.js';

/** What can be done with a run that is done. */
export interface FinishedRun {
  /** As it is typed from here. */
  readonly folder: string;
  readonly resumeCommand: string;
  /** Images that it was trained on. */
  readonly duration: number;
  /** When its guide was stored, in images. */
  readonly guideTime: number;
}

/** Commands to go on with, each to be pasted where the job was started. */
export function nextSteps({ folder, resumeCommand, duration, guideTime }: FinishedRun): NonNullable<RunReport['next']> {
  const judge = {
    features: join(folder, 'classifier.safetensors'),
    reference: join(folder, 'reference.safetensors'),
  };
  return [
    { note: 'train longer, from where this run stopped', command: `${resumeCommand} --duration ${2 * duration}` },
    {
      note: 'another EMA length from the same snapshots',
      command: siblingCommand('phema', ['reconstruct', folder, '--sigma-rel', '0.12', '--output', 'more']),
    },
    {
      note: 'EMA length and guidance, swept together',
      command: siblingCommand('evaluate', [
        ...['sweep', '--indir', folder, '--outdir', join(folder, 'sweep')],
        ...['--features', judge.features, '--ref', judge.reference],
        ...['--guidance', '1,1.5,2', '--guide-sigma-rel', String(GUIDANCE.sigmaRel), '--guide-t', String(guideTime)],
        ...['--num', '200', '--steps', '16'],
      ]),
    },
    {
      note: 'your own images: square, a power of two, sub-folders are classes',
      command: siblingCommand('start', ['--data', 'path/to/images']),
    },
  ];
}

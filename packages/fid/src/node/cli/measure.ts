import type { Io } from '@edm2/command/io';
import { ownCommand } from '@edm2/command/typed';
import { createMeasurer, type MeasurerOptions, skipReason } from '../measure/measurer.js';
import { describePassedOver } from '../measure/passed-over.js';
import { createProgress } from './progress.js';

/** Options of everything that runs a network. */
export type NetworkOptions = MeasurerOptions;

/** A measurer that speaks as a command does. */
export const openMeasurer = (options: NetworkOptions, io: Io) =>
  createMeasurer(options, {
    words: {
      caller: 'fid',
      option: (name) => (name === 'network' ? '--network' : '--skip-corrupt'),
      weightsCommand: (network) => ownCommand(['weights', network]),
    },
    signal: io.signal,
    startProgress: (path, checking) => createProgress(io, checking ? `${path}: checking` : path),
    onSkip: (error) => void io.err.write(`fid: skipped ${error.file}: ${skipReason(error)}\n`),
    onPassedOver: (path, files) => void io.err.write(`fid: ${describePassedOver(path, files)}\n`),
  });

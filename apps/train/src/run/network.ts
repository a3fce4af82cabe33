import { createUNet, type UNet } from '@edm2/edm2-unet';
import { adam, createTrainStep, ladderUncertainty } from '@edm2/training';
import type { RunConfig } from '../options/run-config.js';
import { runAverages } from './run-averages.js';

/** The network, the uncertainty head (none with EDM's loss) and the training step that a configuration asks for. */
export function buildNetwork(config: RunConfig) {
  const unet: UNet = createUNet({
    config: config.config,
    ...config.network,
    ...config.switches,
    dropout: config.dropout,
  });
  const uncertainty = config.uncertainty ? ladderUncertainty(unet.vocabulary) : undefined;
  const optimizer = adam({ beta2: config.beta2 });
  const { sigmaData, lossScale } = config;
  const averages = runAverages(config).map(({ average }) => average);
  const training = createTrainStep({ unet, uncertainty, sigmaData, optimizer, averages, lossScale });
  return { unet, uncertainty, training };
}

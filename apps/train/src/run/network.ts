import { createUNet, type UNet } from '@edm2/edm2-unet';
import { adam, createTrainStep, ladderUncertainty } from '@edm2/training';
import type { RunConfig } from '../options/run-config.js';

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
  const { emaSigmaRels, sigmaData, lossScale, emaHalfLife: halfLife, emaRampup } = config;
  const emaHalfLife = halfLife > 0 ? { halfLife, rampup: emaRampup > 0 ? emaRampup : undefined } : undefined;
  const options = { unet, uncertainty, sigmaData, optimizer, emaSigmaRels, emaHalfLife, lossScale };
  return { unet, uncertainty, training: createTrainStep(options) };
}

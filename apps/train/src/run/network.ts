import { createUNet, type UNet } from '@edm2/edm2-unet';
import { createUncertainty } from '@edm2/loss-weighting';
import { adam, createTrainStep } from '@edm2/training';
import type { RunConfig } from '../options/run-config.js';

/** The network, the uncertainty head and the training step that a configuration asks for. */
export function buildNetwork(config: RunConfig) {
  const unet: UNet = createUNet({ config: config.config, ...config.network, dropout: config.dropout });
  const uncertainty = createUncertainty();
  const optimizer = adam();
  const { emaSigmaRels, sigmaData } = config;
  return { unet, uncertainty, training: createTrainStep({ unet, uncertainty, sigmaData, optimizer, emaSigmaRels }) };
}

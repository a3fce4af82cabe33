import { countParameters, createUNet, type UNetOptions } from '@edm2/edm2-unet';
import { startEngine, type Work } from '@edm2/engine';
import '@tensorflow/tfjs-backend-cpu';
import { THREADS } from '../places.js';

/** What `startEngine('auto')` takes on this machine for such work on a network of this size. */
export interface Choice {
  readonly engine: 'onnxruntime' | 'libtensorflow' | 'other';
  readonly parameters: number;
}

/** Asks by starting it: once a process. */
export async function chooseEngine(net: UNetOptions, work: Work): Promise<Choice> {
  const parameters = countParameters(createUNet(net));
  const { name } = await startEngine('auto', { threads: THREADS, parameters, work });
  return {
    engine: name.startsWith('tensorflow') ? 'libtensorflow' : name === 'onnxruntime' ? name : 'other',
    parameters,
  };
}

import type { ParameterSpec } from '@edm2/tensor-files/tfjs';
import { CLASSES, type Conv, convName, POOL_DIMS, STAGES, type Stage, type Step } from './architecture.js';

/** All 566 tensors of the published files, in their order. */
export function inceptionParameters(): ParameterSpec[] {
  const specs: ParameterSpec[] = [];
  let channels = 3;
  for (const stage of STAGES) {
    channels = stage.branches.reduce((sum, branch) => sum + addBranch(specs, stage, branch, channels), 0);
  }
  specs.push(
    { name: 'fc.weight', shape: [POOL_DIMS, CLASSES], kind: 'weight' },
    { name: 'fc.bias', shape: [CLASSES], kind: 'bias' },
  );
  return specs;
}

/** Adds a branch's tensors; returns the channels that it gives. */
function addBranch(specs: ParameterSpec[], stage: Stage, branch: readonly Step[], input: number): number {
  let channels = input;
  for (const step of branch) {
    if (step.kind === 'conv') {
      addConv(specs, stage, step, channels);
      channels = step.out;
    } else if (step.kind === 'fork') {
      for (const conv of step.convs) addConv(specs, stage, conv, channels);
      channels = step.convs.reduce((sum, { out }) => sum + out, 0);
    }
  }
  return channels;
}

function addConv(specs: ParameterSpec[], stage: Stage, conv: Conv, input: number): void {
  const name = convName(stage, conv);
  specs.push(
    { name: `${name}.conv.weight`, shape: [...conv.size, input, conv.out], kind: 'weight' },
    { name: `${name}.bn.weight`, shape: [conv.out], kind: 'norm' },
    { name: `${name}.bn.bias`, shape: [conv.out], kind: 'norm' },
    { name: `${name}.bn.running_mean`, shape: [conv.out], kind: 'buffer' },
    { name: `${name}.bn.running_var`, shape: [conv.out], kind: 'buffer' },
    { name: `${name}.bn.num_batches_tracked`, shape: [], kind: 'buffer' }, // in the files, without effect
  );
}

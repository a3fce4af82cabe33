export { type Average, type AverageTime, halfLifeEma, powerEma } from '@edm2/phema/tfjs';
export { type AdamMoments, type AdamOptions, adam, type Optimizer } from './adam.js';
export type { AveragesOptions } from './averages.js';
export { LADDER_IMAGES, type PaperFigures, type TrainingRecipe, trainingLadder } from './ladder.js';
export { ladderUncertainty } from './ladder-uncertainty.js';
export { type LearningRateOptions, learningRate } from './learning-rate.js';
export type { GradientBatch, TrainBatch, TrainMetrics, TrainState, UpdateBatch } from './state.js';
export { createTrainStep, type TrainStep, type TrainStepOptions } from './train-step.js';
export { disposeTree, type Params, type TensorTree } from './tree.js';

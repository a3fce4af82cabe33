export type { Churn, Denoiser, NoiseSource, NormalStream, Solver, SolverOptions, StepInfo } from './denoiser.js';
export { dpmpp2m } from './dpmpp2m.js';
export { euler } from './euler.js';
export { type GuideOptions, guide } from './guide.js';
export { heun } from './heun.js';
export { type SampleSeedsOptions, type SeedBatch, sampleSeeds } from './sample-seeds.js';
export { type KarrasScheduleOptions, karrasSchedule } from './schedule.js';
export type { SeedLabels } from './seed-labels.js';
export { seedChurnNoise, seedClass, seedNoise } from './seeds.js';

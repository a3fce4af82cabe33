/** How much work the main job's evaluation does. */
export interface EvaluationSize {
  readonly classifierSteps: number;
  /** EMA lengths that are tried. */
  readonly sigmaRels: readonly number[];
  readonly sweepImages: number;
  readonly sweepSteps: number;
  readonly finalImages: number;
  readonly finalSteps: number;
}

/** The whole job, and one of seconds, to see that everything works. */
export const SIZES: Readonly<Record<'full' | 'smoke', EvaluationSize>> = {
  full: {
    classifierSteps: 900,
    sigmaRels: [0.03, 0.05, 0.075, 0.1, 0.14, 0.2],
    sweepImages: 200,
    sweepSteps: 16,
    finalImages: 500,
    finalSteps: 24,
  },
  smoke: {
    classifierSteps: 40,
    sigmaRels: [0.05, 0.07, 0.1],
    sweepImages: 100,
    sweepSteps: 4,
    finalImages: 100,
    finalSteps: 6,
  },
};

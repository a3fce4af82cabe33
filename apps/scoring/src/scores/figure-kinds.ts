import { type FigureKey as FeatureFigure, type FigureKind, figureKinds } from '@edm2/fid';

/** A figure of the feature network's metrics, or of what was asked for. */
export type FigureKey = FeatureFigure | 'agreement';

/** Every figure by its key. Label agreement comes last: the share of images that the network reads as the class asked for. */
export const FIGURES: Readonly<Record<FigureKey, FigureKind>> = {
  ...figureKinds,
  agreement: { title: () => 'label agreement', better: 'higher' },
};

import type { FeatureNetwork } from '@edm2/app-kit/scores/feature-network';

type Named = Pick<FeatureNetwork, 'name' | 'figure'>;

/** What a figure is called, which way it is better, and what it is taken over. */
interface FigureKind {
  title(network: Named): string;
  readonly better: 'lower' | 'higher';
}

/** Published names are for the features that they were published with; on others the features are named too. */
const on = (title: string, { name }: Named): string => (name === 'inception' ? title : `${title} (${name} features)`);

/** Every figure by its key. */
export const FIGURES = {
  fd: { title: ({ figure }) => figure, better: 'lower' },
  sfd: { title: (network) => on('sliced Fréchet distance', network), better: 'lower' },
  kid: { title: (network) => on('KID', network), better: 'lower' },
  precision: { title: (network) => on('precision', network), better: 'higher' },
  recall: { title: (network) => on('recall', network), better: 'higher' },
  density: { title: (network) => on('density', network), better: 'higher' },
  coverage: { title: (network) => on('coverage', network), better: 'higher' },
  is: {
    title: ({ name }) => (name === 'inception' ? 'Inception Score' : `Inception Score (${name} classes)`),
    better: 'higher',
  },
  vendi: { title: (network) => on('Vendi score', network), better: 'higher' },
  agreement: { title: () => 'label agreement', better: 'higher' },
} as const satisfies Record<string, FigureKind>;

/** Key of a figure. */
export type FigureKey = keyof typeof FIGURES;

/** Which figures a metric gives, and what it needs beside means and covariances. */
interface MetricKind {
  readonly figures: readonly FigureKey[];
  /** Features of every generated image. */
  readonly features?: boolean;
  /** Features of every real image. */
  readonly realFeatures?: boolean;
  readonly logits?: boolean;
  readonly help: string;
}

/** Metrics by their names on the command line. */
export const METRICS = {
  fd: { figures: ['fd'], help: 'Fréchet distance (FID, FD_DINOv2)' },
  sfd: { figures: ['sfd'], help: 'sliced Fréchet distance' },
  kid: { figures: ['kid'], features: true, realFeatures: true, help: 'kernel distance' },
  pr: { figures: ['precision', 'recall'], features: true, realFeatures: true, help: 'precision and recall' },
  dc: { figures: ['density', 'coverage'], features: true, realFeatures: true, help: 'density and coverage' },
  is: { figures: ['is'], logits: true, help: 'Inception Score' },
  vendi: { figures: ['vendi'], features: true, help: 'Vendi score' },
} as const satisfies Record<string, MetricKind>;

/** Name of a metric. */
export type MetricName = keyof typeof METRICS;

/** Names that other tools have for the same. Those of a feature network hold only with it. */
export const ALIASES: Readonly<Record<string, { metric: MetricName; network?: string }>> = {
  fid: { metric: 'fd', network: 'inception' },
  fd_dinov2: { metric: 'fd', network: 'dinov2' },
  prc: { metric: 'pr' },
  isc: { metric: 'is' },
};

/** Metrics that were asked for. */
export interface MetricChoice {
  readonly metrics: readonly MetricName[];
  /** Feature networks that the names used belong to. */
  readonly networks: readonly string[];
}

/** `fd,kid,pr`. @throws {RangeError} for a name that is none, or none at all. */
export function parseMetrics(text: string): MetricChoice {
  const metrics = new Set<MetricName>();
  const networks = new Set<string>();
  for (const part of text.split(',').map((each) => each.trim().toLowerCase())) {
    const { metric = part, network } = Object.hasOwn(ALIASES, part) ? (ALIASES[part] ?? {}) : {};
    if (!Object.hasOwn(METRICS, metric))
      throw new RangeError(
        `--metrics: expected any of ${Object.keys(METRICS).join(', ')} (also ${Object.keys(ALIASES).join(', ')}), got ${part || 'nothing'}. Correct it.`,
      );
    metrics.add(metric as MetricName);
    if (network !== undefined) networks.add(network);
  }
  return { metrics: [...metrics], networks: [...networks] };
}

/** Figures of metrics, in their order. */
export const figuresOfMetrics = (metrics: readonly MetricName[]): FigureKey[] =>
  metrics.flatMap((metric) => METRICS[metric].figures as readonly FigureKey[]);

/** Whether any of the metrics needs it. */
export const needs = (metrics: readonly MetricName[], what: 'features' | 'realFeatures' | 'logits'): boolean =>
  metrics.some((metric) => (METRICS[metric] as MetricKind)[what] === true);

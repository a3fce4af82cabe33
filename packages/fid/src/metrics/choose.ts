import type { MetricNeed } from './metric.js';
import { type MetricKey, metrics } from './metrics.js';

/** Metrics that were asked for. */
export interface MetricChoice {
  readonly metrics: readonly MetricKey[];
  /** Feature networks that the names used belong to: `fid` asks for Inception. */
  readonly networks: readonly string[];
}

const keys = Object.keys(metrics) as MetricKey[];

/** What each name stands for: metrics' own, and other tools'. */
const names = new Map<string, { readonly metric: MetricKey; readonly network?: string }>(
  keys.flatMap((metric) => [
    [metric, { metric }],
    ...Object.entries(metrics[metric].aliases ?? {}).map(([alias, of]) => [alias, { metric, ...of }] as const),
  ]),
);

/**
 * Reads a list of metrics, such as `fd,kid,pr`.
 *
 * @param text - names set apart by commas; other tools' names (`fid`, `fd_dinov2`, `isc`, `prc`) are known too.
 * @throws {RangeError} for a name that is not known, or none.
 */
export function parseMetrics(text: string): MetricChoice {
  const found = text.split(',').map((part) => {
    const name = names.get(part.trim().toLowerCase());
    if (name) return name;
    const others = [...names.keys()].filter((key) => !Object.hasOwn(metrics, key));
    throw new RangeError(
      `--metrics: expected any of ${keys.join(', ')} (also ${others.join(', ')}), got ${part.trim() || 'nothing'}. Correct it.`,
    );
  });
  const networks = found.flatMap(({ network }) => network ?? []);
  return { metrics: [...new Set(found.map(({ metric }) => metric))], networks: [...new Set(networks)] };
}

/** What has to be kept of the images for these metrics. */
export function needsOf(chosen: readonly MetricKey[], { resamples = 0 } = {}): ReadonlySet<MetricNeed> {
  const bootstrap: MetricNeed[] = resamples > 0 && canResample(chosen) ? ['features'] : [];
  return new Set([...chosen.flatMap((key) => metrics[key].needs), ...bootstrap]);
}

/** Whether resampling gives any of the metrics a deviation. */
export const canResample = (chosen: readonly MetricKey[]): boolean =>
  chosen.some((key) => metrics[key].resampled === true);

import type { MeasuredStatistics } from '@edm2/latent-vae';

/** Measured statistics, a line for each channel. */
export function statisticsTable({ rawMean, rawStd, meanOnlyStd, noiseShare }: MeasuredStatistics): string {
  const rows = rawMean.map((mean, c) => [
    String(c),
    mean.toFixed(3),
    (rawStd[c] ?? 0).toFixed(3),
    (meanOnlyStd[c] ?? 0).toFixed(3),
    `${(100 * (noiseShare[c] ?? 0)).toFixed(2)} %`,
  ]);
  const head = ['channel', 'mean', 'deviation', 'of means alone', 'share of noise'];
  const widths = head.map((title, k) => Math.max(title.length, ...rows.map((row) => row[k]?.length ?? 0)));
  return [head, ...rows].map((row) => row.map((cell, k) => cell.padStart(widths[k] ?? 0)).join('  ')).join('\n');
}

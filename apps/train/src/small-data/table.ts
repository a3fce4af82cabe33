import type { SmallResult } from './run-one.js';

/** Results as a table in Markdown, those of a size together. */
export function smallDataTable(results: readonly SmallResult[]): string {
  const head = [
    'images trained on',
    'change',
    'parameters',
    'lowest held-out loss, at image',
    'held-out loss at the end',
    'training images, at the end',
    ...(results[0]?.scores.map(({ sigmaRel }) => `distance, σ_rel ${sigmaRel}`) ?? []),
    'label agreement, best',
  ];
  const rows = [...results]
    .sort((a, b) => a.size - b.size)
    .map(({ size, change, parameters, lowest, last, scores }) => [
      size.toLocaleString('en'),
      Object.entries(change)
        .map(([name, value]) => `${name} ${value}`)
        .join(', ') || '–',
      `${(parameters / 1e6).toFixed(2)} M`,
      `${lowest.heldOut.toFixed(4)}, ${lowest.nimg.toLocaleString('en')}`,
      last.heldOut.toFixed(4),
      last.training.toFixed(4),
      ...scores.map(({ frechet }) => frechet.toFixed(2)),
      `${(100 * Math.max(...scores.map(({ labelAgreement }) => labelAgreement))).toFixed(1)} %`,
    ]);
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

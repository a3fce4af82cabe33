import type { LossPair, SmallResult } from './run-one.js';

/** How much more is lost on held-out images. */
const apart = ({ heldOut, training }: LossPair): number => heldOut - training;

/** Results as a table in Markdown, by size, length and change. */
export function smallDataTable(results: readonly SmallResult[]): string {
  const head = [
    'images',
    'seen',
    'change',
    'parameters',
    'loss, held out',
    'loss, trained on',
    'parted by',
    'lowest held out, at',
    ...(results[0]?.scores.map(({ sigmaRel }) => `distance, σ_rel ${sigmaRel}`) ?? []),
    'label agreement',
  ];
  const rows = [...results]
    .sort((a, b) => a.size - b.size || a.images - b.images)
    .map(({ size, images, change, parameters, lowest, first, last, scores }) => [
      size.toLocaleString('en'),
      images.toLocaleString('en'),
      Object.entries(change)
        .map(([name, value]) => `${name} ${value}`)
        .join(', ') || '–',
      `${(parameters / 1e6).toFixed(2)} M`,
      last.heldOut.toFixed(4),
      last.training.toFixed(4),
      (apart(last) - apart(first)).toFixed(4),
      lowest.nimg === last.nimg ? 'the end' : `${lowest.heldOut.toFixed(4)}, ${lowest.nimg.toLocaleString('en')}`,
      ...scores.map(({ frechet }) => frechet.toFixed(1)),
      `${(100 * Math.max(...scores.map(({ labelAgreement }) => labelAgreement))).toFixed(0)} %`,
    ]);
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

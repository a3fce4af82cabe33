import { join } from 'node:path';
import { renderChart } from '@edm2/app-kit/pictures/render-chart';
import { writeWhole } from '@edm2/app-kit/pictures/write-whole';
import type { ScoreKind } from '@edm2/app-scoring/sweep/result';
import type { PerTensorResult } from '@edm2/app-scoring/sweep/run-per-tensor';
import { infinityAsText } from '@edm2/app-scoring/sweep/store';
import type { TensorGroup } from '@edm2/app-scoring/sweep/tensor-groups';
import { figuresCsv } from './csv.js';
import { tensorCurves } from './tensor-curves.js';

/** Twice the drawn size, for screens of double density. */
const PNG_WIDTH = 1200;

/** What the files say besides. */
export interface PerTensorAbout {
  readonly score: ScoreKind;
  readonly groups: readonly TensorGroup[];
  readonly settings: readonly (readonly [string, string])[];
  readonly command: string;
  readonly warnings: readonly string[];
}

/**
 * Writes what was found beside the files of a sweep: `per-tensor.json`, `.csv`, `.svg` and `.png`.
 *
 * @returns path of the picture.
 */
export async function writePerTensor(outdir: string, found: PerTensorResult, about: PerTensorAbout): Promise<string> {
  const base = join(outdir, 'per-tensor');
  const { others, chosenFrom } = found;
  const curves = found.curves.map(({ pattern, points }) => ({
    tensors: pattern ?? null,
    names: about.groups.find((group) => group.pattern === pattern)?.names,
    share: about.groups.find((group) => group.pattern === pattern)?.share,
    points: points.map(({ sigmaRel, result: { figures, score, n } }) => ({ sigmaRel, figures, score, n })),
  }));
  const { score, settings, command, warnings } = about;
  const json = { title: 'EDM2 sweep per tensor', score, settings, command, warnings, others, chosenFrom, curves };
  await writeWhole(`${base}.json`, `${JSON.stringify(json, infinityAsText, 2)}\n`);
  const rows = found.curves.flatMap(({ pattern = 'all', points }) =>
    points.map(({ sigmaRel, result }) => {
      const rest = pattern === 'all' ? sigmaRel : others;
      return [[pattern, sigmaRel, rest, result.point.guideSigmaRel, result.point.weight], result] as const;
    }),
  );
  const heads = ['tensors', 'sigma_rel', 'others_sigma_rel', 'guide_sigma_rel', 'guidance'];
  await writeWhole(`${base}.csv`, figuresCsv(heads, rows));
  const chart = await renderChart('per-tensor', tensorCurves(found, score));
  await writeWhole(`${base}.svg`, chart.svg);
  await writeWhole(`${base}.png`, await chart.png(PNG_WIDTH));
  return `${base}.png`;
}

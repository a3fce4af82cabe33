import type { MagnitudeLine } from '@edm2/app-kit/magnitudes/magnitude-line';
import { ACCENT, FAINT, INK, MUTED } from '@edm2/app-kit/pictures/theme';
import { CONFIG_STEPS } from '@edm2/edm2-unet';
import { trainingLadder } from '@edm2/training';
import type { TopLevelSpec } from 'vega-lite';
import { configColour } from './colours.js';
import { meanMagnitude, type Rung } from './result.js';
import { updatesStrip } from './updates-strip.js';

type Part = Extract<TopLevelSpec, { vconcat: unknown }>['vconcat'][number];

const WIDTH = 410;
const HEIGHT = 220;

/** Room for labels: plots below each other start at one left edge. */
const LABELS = { minExtent: 36 } as const;

/** Where the bars of the table begin and end, and where its columns of figures end, in pixels. */
const BARS = { from: 300, to: 550 } as const;
const COLUMNS = { sigmaRel: 710, parameters: 790, gflops: 855, fid: 930 } as const;

/**
 * The table: score of each config as a bar, each training a dot on it, or one standard deviation over the draws of the only training; figures
 * beside it. The best is marked.
 */
function scores(rungs: readonly Rung[]): Part {
  const values = rungs.map(({ config, frechet: { mean, std }, ...rung }) => ({
    step: `${config}  ${CONFIG_STEPS[config]}`,
    mean,
    label: Number.isNaN(std) ? mean.toPrecision(3) : `${mean.toPrecision(3)} ± ${std.toPrecision(2)}`,
    low: Number.isNaN(std) ? mean : mean - std,
    high: Number.isNaN(std) ? mean : mean + std,
    sigmaRel: trainingLadder[config].emaHalfLife === undefined ? String(rung.bestSigmaRel) : 'half-life',
    parameters: `${(rung.parameters / 1e6).toPrecision(3)} M`,
    gflops: rung.gflops.toPrecision(3),
    fid: rung.paper?.fid.toFixed(2) ?? '–',
  }));
  const best = Math.min(...values.map(({ mean }) => mean));
  const dots = rungs.flatMap(({ config, trainings }) =>
    trainings.length > 1
      ? trainings.map(({ frechet }) => ({ step: `${config}  ${CONFIG_STEPS[config]}`, frechet }))
      : [],
  );
  const y = {
    field: 'step',
    type: 'nominal',
    sort: null,
    axis: null,
  } as const;
  const x = {
    type: 'quantitative',
    title: 'Fréchet distance on classifier features, lower is better',
    scale: { range: [BARS.from, BARS.to] },
    axis: { grid: false, domain: false, titleLimit: 0, titleAnchor: 'start', titleX: BARS.from },
  } as const;
  const titles = { sigmaRel: 'best σ_rel', parameters: 'parameters', gflops: 'Gflops', fid: 'FID (paper)' };
  const column = (field: keyof typeof COLUMNS) => [
    {
      data: { values },
      mark: { type: 'text', align: 'right', color: INK, fontSize: 11 },
      encoding: { y, x: { value: COLUMNS[field] }, text: { field } },
    },
    {
      data: { values: [{}] },
      mark: { type: 'text', align: 'right', color: MUTED, fontSize: 11 },
      encoding: { y: { value: -10 }, x: { value: COLUMNS[field] }, text: { value: titles[field] } },
    },
  ];
  return {
    width: COLUMNS.fid,
    height: 26 * values.length,
    layer: [
      {
        data: { values },
        mark: { type: 'text', align: 'left', color: INK, fontSize: 12 },
        encoding: { y, x: { value: 0 }, text: { field: 'step' } },
      },
      {
        data: { values },
        mark: { type: 'bar', height: 14, cornerRadiusEnd: 2 },
        encoding: {
          y,
          x: { ...x, field: 'mean' },
          color: { condition: { test: `datum.mean <= ${best}`, value: ACCENT }, value: FAINT },
        },
      },
      dots.length > 0
        ? {
            data: { values: dots },
            mark: { type: 'point', filled: true, color: INK, size: 22, opacity: 1 },
            encoding: { y, x: { ...x, field: 'frechet' } },
          }
        : {
            data: { values },
            mark: { type: 'rule', color: INK, strokeWidth: 1.2 },
            encoding: { y, x: { ...x, field: 'low' }, x2: { field: 'high' } },
          },
      {
        data: { values },
        mark: { type: 'text', align: 'left', dx: 8, color: MUTED, fontSize: 11 },
        encoding: { y, x: { ...x, field: 'high' }, text: { field: 'label' } },
      },
      ...(Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]).flatMap(column),
    ],
  } as Part;
}

/** Score over EMA length, a line for each config, a dot at its best length. The paper's Figure 5. */
function lengths(rungs: readonly Rung[]): Part {
  const values = rungs.flatMap(({ config, curve }) => curve.map((point) => ({ config, ...point })));
  const best = rungs.flatMap(({ config, curve, bestSigmaRel }) =>
    curve.filter(({ sigmaRel }) => sigmaRel === bestSigmaRel).map((point) => ({ config, ...point })),
  );
  const x = { field: 'sigmaRel', type: 'quantitative', title: 'EMA length σ_rel', axis: { format: '~f' } } as const;
  const y = {
    field: 'frechet',
    type: 'quantitative',
    title: 'Fréchet distance on the seeds of the search',
    scale: { type: 'log', nice: false, padding: 12 },
    axis: { ...LABELS, format: '~g' },
  } as const;
  const color = { ...configColour(rungs), legend: null };
  return {
    width: WIDTH,
    height: HEIGHT,
    title: { text: 'EMA length', anchor: 'start' },
    layer: [
      { data: { values }, mark: { type: 'line', strokeWidth: 1.8 }, encoding: { x, y, color } },
      {
        data: { values: best },
        mark: { type: 'point', filled: true, size: 60, opacity: 1 },
        encoding: { x, y, color },
      },
    ],
  } as Part;
}

/**
 * Mean magnitude over all buckets during training, a line for each config: of activations as it is, of weights relative to the first
 * tick, since a config that normalises them holds them twenty times as large.
 */
function growth(
  rungs: readonly Rung[],
  magnitudes: ReadonlyMap<string, readonly MagnitudeLine[]>,
  of: 'activations' | 'weights',
): Part {
  const values = rungs.flatMap(({ config }) => {
    const lines = magnitudes.get(config) ?? [];
    const unit = of === 'weights' && lines[0] ? meanMagnitude(lines[0], of) : 1;
    return lines.map((line) => ({ config, nimg: line.nimg, mean: meanMagnitude(line, of) / unit }));
  });
  return {
    width: WIDTH,
    height: HEIGHT,
    title: {
      text: of === 'activations' ? 'Activations, mean over features' : 'Weights, mean over outputs',
      anchor: 'start',
    },
    data: { values },
    mark: { type: 'line', strokeWidth: 1.8 },
    encoding: {
      x: { field: 'nimg', type: 'quantitative', title: 'images seen', axis: { format: '~s' }, scale: { nice: false } },
      y: {
        field: 'mean',
        type: 'quantitative',
        title: of === 'activations' ? 'root mean square' : 'root mean square, of its first value',
        scale: { zero: false, nice: false, padding: 8 },
        axis: { ...LABELS, format: '~g', tickCount: 4 },
      },
      color: of === 'activations' ? configColour(rungs) : { ...configColour(rungs), legend: null },
    },
  } as Part;
}

/** The ladder on one picture: scores, EMA lengths, magnitudes and updates during training. */
export function ladderPicture(
  rungs: readonly Rung[],
  magnitudes: ReadonlyMap<string, readonly MagnitudeLine[]>,
): TopLevelSpec {
  const updates = updatesStrip(rungs, magnitudes, WIDTH);
  const row = (parts: readonly Part[]) =>
    ({ spacing: 40, resolve: { legend: { color: 'independent' } }, hconcat: parts }) as Part;
  return {
    title: {
      text: 'The ladder',
      subtitle: 'each config adds one step of the paper to the letter before',
      anchor: 'start',
    },
    spacing: 30,
    vconcat: [
      scores(rungs),
      row([lengths(rungs), growth(rungs, magnitudes, 'activations')]),
      row([growth(rungs, magnitudes, 'weights'), ...updates]),
    ],
  };
}

import { ACCENT, MARK } from '@edm2/app-kit/pictures/theme';
import type { Rung } from './result.js';

/** A colour for each config, from warm to cool along the ladder; dark enough on white, unlike in lightness too. */
const COLOURS: Readonly<Record<Rung['config'], string>> = {
  A: '#7a2b12',
  B: MARK,
  C: '#e39b4d',
  D: '#8fa8a0',
  E: '#6db3c9',
  F: ACCENT,
  G: '#10265e',
};

/** Colours a mark by its field `config`. */
export const configColour = (rungs: readonly Rung[]) =>
  ({
    field: 'config',
    type: 'nominal',
    title: null,
    scale: { domain: rungs.map(({ config }) => config), range: rungs.map(({ config }) => COLOURS[config]) },
    legend: { orient: 'right', symbolType: 'stroke', symbolStrokeWidth: 3, labelFontSize: 12 },
  }) as const;

import { ACCENT, INK, MARK } from '@edm2/app-kit/pictures/theme';
import { CONFIG_NAMES } from '@edm2/edm2-unet';
import type { Rung } from './result.js';

/** Colours of the configs in the ladder's order, from warm to cool; dark enough on white, unlike in lightness too. */
const COLOURS = ['#7a2b12', MARK, '#e39b4d', '#8fa8a0', '#6db3c9', ACCENT, '#10265e'] as const;

const colourOf = ({ config }: Pick<Rung, 'config'>): string => COLOURS[CONFIG_NAMES.indexOf(config)] ?? INK;

/** Colours a mark by its field `config`. */
export const configColour = (rungs: readonly Rung[]) =>
  ({
    field: 'config',
    type: 'nominal',
    title: null,
    scale: { domain: rungs.map(({ config }) => config), range: rungs.map(colourOf) },
    legend: { orient: 'right', symbolType: 'stroke', symbolStrokeWidth: 3, labelFontSize: 12 },
  }) as const;

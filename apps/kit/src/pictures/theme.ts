import type { Config } from 'vega-lite';

/**
 * Colours of the charts on a light page. The page's style sheet matches them as attribute values and replaces them by its own
 * variables, so an inlined chart follows the reader's light or dark setting; each must therefore be unlike the others.
 */
export const INK = '#2b313c';
export const MUTED = '#6c7686';
export const RULE = '#e2e6ec';
export const ACCENT = '#2b62d9';
export const FAINT = '#a9c0f2';
export const MARK = '#c2570c';
export const PAPER = '#ffffff';

/** The house style of every chart. */
export const THEME: Config = {
  background: 'transparent',
  font: 'sans-serif',
  padding: { left: 2, right: 10, top: 4, bottom: 2 },
  view: { stroke: null },
  title: {
    anchor: 'start',
    // At the plot's left edge, however wide its labels are.
    frame: 'group',
    color: INK,
    fontSize: 13,
    fontWeight: 600,
    offset: 12,
    subtitleColor: MUTED,
    subtitleFontSize: 11,
    subtitlePadding: 5,
  },
  axis: {
    domain: false,
    ticks: false,
    grid: true,
    gridColor: RULE,
    gridWidth: 1,
    labelColor: MUTED,
    labelFontSize: 11,
    labelPadding: 6,
    titleColor: MUTED,
    titleFontSize: 11,
    titleFontWeight: 'normal',
    titlePadding: 8,
    tickCount: 5,
  },
  axisX: { grid: false, domain: true, domainColor: RULE, labelFlush: true },
  axisY: { titleAngle: 0, titleAlign: 'left', titleAnchor: 'end', titleY: -10, titleX: 0 },
  line: { strokeWidth: 2.2, strokeCap: 'round', strokeJoin: 'round' },
  text: { color: INK, fontSize: 11 },
};

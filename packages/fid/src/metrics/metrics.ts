import { dc } from './dc.js';
import { fd } from './fd.js';
import { is } from './is.js';
import { kid } from './kid.js';
import type { FigureKind, Metric } from './metric.js';
import { pr } from './pr.js';
import { sfd } from './sfd.js';
import { vendi } from './vendi.js';

const record = { fd, sfd, kid, pr, dc, is, vendi };

/** Name of a metric, as commands take it. */
export type MetricKey = keyof typeof record;

/** Name of a figure: a metric may give several. */
export type FigureKey = { [Key in MetricKey]: keyof (typeof record)[Key]['figures'] }[MetricKey];

/** Every metric by its name: another one is one file and its name here. */
export const metrics: Readonly<Record<MetricKey, Metric>> = record;

/** Titles and directions of all figures, in the order of the record. */
export const figureKinds = Object.assign({}, ...Object.values(record).map(({ figures }) => figures)) as Readonly<
  Record<FigureKey, FigureKind>
>;

/** Figures of metrics, in their order. */
export const figuresOf = (keys: readonly MetricKey[]): FigureKey[] =>
  keys.flatMap((key) => Object.keys(metrics[key].figures) as FigureKey[]);

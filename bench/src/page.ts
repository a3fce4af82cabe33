import { curvesOf, curveTable } from './curve.js';
import type { Row } from './row.js';
import { markdownTable } from './table.js';

const marks = (name: string) => ({ begin: `<!-- bench ${name} -->`, end: `<!-- end ${name} -->` });

/**
 * Replaces the figures of one benchmark in the page and leaves everything else as it is. Curves get narrow tables of their own.
 *
 * @throws {Error} when the page has no place for them.
 */
export function writeFigures(
  page: string,
  name: string,
  machine: string,
  rows: readonly Row[],
  table?: (rows: readonly Row[]) => string,
): string {
  const { begin, end } = marks(name);
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from)
    throw new Error(`writeFigures: expected the page to hold ${begin} … ${end}, got neither. Add both lines.`);
  const tables = [
    (table ?? markdownTable)(rows.filter(({ point }) => point === undefined)),
    ...curvesOf(rows).map((curve) => curveTable(rows, curve)),
  ];
  return `${page.slice(0, from + begin.length)}\n${machine}\n\n${tables.join('\n\n')}\n${page.slice(to)}`;
}

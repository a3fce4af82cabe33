import type { Row } from './row.js';

const HEAD = ['work', 'peer', 'ours', 'theirs', 'unit', 'ratio', 'goal', 'met', 'noise', 'note'];

/** Three significant digits, without an exponent. */
export const digits = (value: number | null): string =>
  value === null ? '–' : value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);

const withMinimum = (value: number | null, minimum: number | null): string =>
  value === null || minimum === null || digits(value) === digits(minimum)
    ? digits(value)
    : `${digits(value)} (${digits(minimum)})`;

const cells = (row: Row): string[] => [
  row.work,
  row.peer,
  withMinimum(row.ours, row.oursMinimum),
  withMinimum(row.theirs, row.theirsMinimum),
  row.unit,
  digits(row.ratio),
  row.goal,
  row.met === null ? '' : row.met ? 'yes' : 'no',
  row.noise === null ? '' : `±${Math.round(row.noise * 100)} %`,
  row.note,
];

/** A Markdown table; figures are `median (minimum)`. */
export function markdownTable(rows: readonly Row[]): string {
  const line = (texts: readonly string[]) => `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(HEAD), line(HEAD.map(() => '---')), ...rows.map((row) => line(cells(row)))].join('\n');
}

/** The same, aligned for a terminal. */
export function textTable(rows: readonly Row[]): string {
  const all = [HEAD, ...rows.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0)));
  return all
    .map((line) =>
      line
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Shares of an error bar: from a hundred-thousandth to all. */
const DECADES = 5;
const BAR = 20;

/** A bar on a logarithmic scale, from 0.001 % (none) to 100 % (full). */
export function errorBar(share: number): string {
  const filled = Math.round((BAR * (DECADES + Math.log10(Math.max(share, 10 ** -DECADES)))) / DECADES);
  return '█'.repeat(Math.max(0, Math.min(BAR, filled))).padEnd(BAR, '·');
}

/** Rows of cells as lines of text: columns right-aligned, two spaces apart, a header above. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ');
  return [line(header), ...rows.map(line)].join('\n');
}

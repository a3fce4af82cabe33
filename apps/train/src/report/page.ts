import { formatSeconds, formatValue } from '@edm2/app-kit/pictures/format';
import { html, type Markup, trusted } from '@edm2/app-kit/pictures/html';
import { page } from '@edm2/app-kit/pictures/page';
import type { ReportTable, RunReport } from './types.js';

/** What the page embeds: pictures as data URIs, charts as SVG. */
export interface Embedded {
  /** Data URI by path. */
  readonly pictures: ReadonlyMap<string, string>;
  readonly charts: readonly { readonly title: string; readonly svg: string; readonly tall: boolean }[];
  /** The previews to be shown, in order. */
  readonly previews: readonly { readonly nimg: number; readonly path: string }[];
}

/** The whole page: no script, nothing fetched. */
export function renderPage(report: RunReport, embedded: Embedded): string {
  const { title, headline, finished } = report;
  const date = finished?.toISOString().slice(0, 16).replace('T', ' ');
  return page({
    title,
    header: html`${headline && html`<p class="lead">${headline}</p>`}
${figures(report)}`,
    body: html`${grids(report, embedded)}
${previews(embedded)}
${charts(embedded)}
${report.scores && html`<h2>Scores</h2>${table(report.scores)}`}
${details(report)}
${next(report)}
<footer class="quiet">${date && html`<p>Finished ${date} UTC.</p>`}${report.machine && html`<p>${report.machine}</p>`}${report.engine && html`<p>${report.engine}</p>`}</footer>`,
  });
}

function figures({ figures: list = [] }: RunReport): Markup | undefined {
  if (list.length === 0) return undefined;
  return html`<dl class="figures">${list.map(
    ({ label, value, note }) =>
      html`<div><dt>${label}</dt><dd class="value">${value}</dd>${note && html`<dd class="note">${note}</dd>`}</div>`,
  )}</dl>`;
}

const picture = (path: string, caption: string, { pictures }: Embedded): Markup =>
  html`<figure><img src="${pictures.get(path)}" alt="${caption}"><figcaption>${caption}</figcaption></figure>`;

function grids({ grid, realGrid }: RunReport, embedded: Embedded): Markup | undefined {
  const shown = [grid, realGrid].filter((one) => one !== undefined);
  if (shown.length === 0) return undefined;
  return html`<section class="pictures${shown.length === 1 ? ' single' : ''}">${shown.map(({ path, caption }) => picture(path, caption, embedded))}</section>`;
}

function previews(embedded: Embedded): Markup | undefined {
  if (embedded.previews.length === 0) return undefined;
  return html`<h2>The same seeds as training went on</h2>
<section class="previews">${embedded.previews.map(({ nimg, path }) => picture(path, `after ${formatValue(nimg)} images`, embedded))}</section>`;
}

function charts({ charts: list }: Embedded): Markup | undefined {
  if (list.length === 0) return undefined;
  return html`<h2>Curves</h2>
<section class="charts">${list.map(({ title, svg, tall }) => html`<figure class="chart${tall ? ' tall' : ''}" role="img" aria-label="${title}">${trusted(svg)}</figure>`)}</section>`;
}

function table({ columns, rows, note }: ReportTable): Markup {
  // Callers may name the first column as well, or leave it to the rows.
  const width = Math.max(...rows.map(({ values }) => values.length), 0);
  const heads = columns.length > width ? columns : ['', ...columns];
  return html`<div class="scroll"><table>
<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${rows.map(
    ({ name, values, highlight }) =>
      html`<tr${highlight ? html` class="highlight"` : ''}><th scope="row">${name}</th>${values.map((value) => html`<td>${formatValue(value)}</td>`)}</tr>`,
  )}</tbody></table></div>${note && html`<p class="note">${note}</p>`}`;
}

function details({ settings = [], timings = [], files = [] }: RunReport): Markup | undefined {
  const longest = Math.max(...timings.map(({ seconds }) => seconds), 1e-9);
  const blocks = [
    settings.length > 0 &&
      pairs(
        'Settings',
        settings.map(([name, value]) => [name, typeof value === 'number' ? String(value) : value]),
      ),
    timings.length > 0 &&
      pairs(
        'Time',
        timings.map(({ name, seconds }) => [
          html`${name}<span class="bar" style="width:${((100 * seconds) / longest).toFixed(1)}%"></span>`,
          formatSeconds(seconds),
        ]),
      ),
    files.length > 0 &&
      pairs(
        'Files of this run',
        files.map(({ path, note }) => [html`<code>${path}</code>`, note]),
      ),
  ].filter((block) => block !== false);
  return blocks.length === 0 ? undefined : html`<h2>Details</h2><section class="pairs">${blocks}</section>`;
}

function pairs(title: string, rows: readonly (readonly [string | Markup, string | boolean])[]): Markup {
  return html`<div><h3>${title}</h3><table><tbody>${rows.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}</tbody></table></div>`;
}

function next({ command, next: steps = [] }: RunReport): Markup | undefined {
  const all = [...(command ? [{ note: 'This run again:', command }] : []), ...steps];
  if (all.length === 0) return undefined;
  return html`<h2>Commands</h2><section class="steps">${all.map(({ note, command: line }) => html`<div><p>${note}</p><pre>${line}</pre></div>`)}</section>`;
}

import { formatValue } from '@edm2/app-kit/pictures/format';
import { html, type Markup, trusted } from '@edm2/app-kit/pictures/html';
import { page } from '@edm2/app-kit/pictures/page';
import { FIGURES, type FigureKey } from '@edm2/app-scoring/scores/figure-kinds';
import { formatSpread } from '@edm2/app-scoring/scores/spread';
import { describe } from '@edm2/app-scoring/sweep/point';
import type { ScoreKind, SweepResult } from '@edm2/app-scoring/sweep/result';

/** What the page says and shows. */
export interface SweepPage {
  readonly title: string;
  /** What settings were chosen by. */
  readonly score: ScoreKind;
  /** What the figures are called on these features. */
  readonly titles: Readonly<Partial<Record<FigureKey, string>>>;
  /** Best first. */
  readonly results: readonly SweepResult[];
  readonly charts: readonly { readonly title: string; readonly svg: string }[];
  /** PNG of the best point's images. */
  readonly images: Uint8Array;
  readonly settings: readonly (readonly [string, string])[];
  readonly command: string;
  readonly warnings: readonly string[];
}

/** The whole page: no script, nothing fetched. */
export function renderSweepPage(shown: SweepPage): string {
  const [best] = shown.results;
  const { warnings } = shown;
  return page({
    title: shown.title,
    header: html`${best && html`<p class="lead">Best of ${shown.results.length} settings: ${describe(best.point)}.</p>`}
${best && figures(best, shown)}`,
    body: html`${warnings.map((warning) => html`<p class="note">${warning}</p>`)}
<h2>The best setting, and how the score depends on it</h2>
<section class="charts">${best && picture(shown.images, best)}${shown.charts.map(({ title, svg }) => html`<figure class="chart" role="img" aria-label="${title}">${trusted(svg)}</figure>`)}</section>
<h2>Every setting</h2>
${table(shown)}
<h2>Details</h2>
<section class="pairs"><div><table><tbody>${shown.settings.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}</tbody></table></div></section>
<h2>Command</h2>
<section class="steps"><div><p>Goes on where it stopped, and adds what is new:</p><pre>${shown.command}</pre></div></section>`,
  });
}

/** Keys of the figures that were measured, that which settings were chosen by first. */
const keysOf = ({ score, results }: Pick<SweepPage, 'score' | 'results'>): FigureKey[] => {
  const known = (Object.keys(FIGURES) as FigureKey[]).filter((key) => results[0]?.figures[key]);
  return [score.key, ...known.filter((key) => key !== score.key)];
};

function figures(best: SweepResult, page: SweepPage): Markup {
  const { draws } = best.score;
  const note = `n = ${best.n}${draws > 1 ? `, ${draws} draws` : ''}`;
  const entries = keysOf(page).flatMap((key) => {
    const spread = best.figures[key];
    return spread ? [[page.titles[key] ?? key, formatSpread(spread)] as const] : [];
  });
  return html`<dl class="figures">${entries.map(([label, value]) => html`<div><dt>${label}</dt><dd class="value">${value}</dd><dd class="note">${note}</dd></div>`)}</dl>`;
}

function picture(png: Uint8Array, { point }: SweepResult): Markup {
  const caption = `Images of the best setting: ${describe(point)}`;
  return html`<figure class="chart tall"><img src="data:image/png;base64,${Buffer.from(png).toString('base64')}" alt="${caption}"><figcaption>${caption}</figcaption></figure>`;
}

function table(page: SweepPage): Markup {
  const keys = keysOf(page);
  const heads = ['setting', ...keys.map((key) => page.titles[key] ?? key), 'n', 'draws'];
  const cells = ({ figures: of }: SweepResult) =>
    keys.map((key) => html`<td>${of[key] ? formatSpread(of[key]) : '–'}</td>`);
  return html`<div class="scroll"><table>
<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${page.results.map(
    (result, i) =>
      html`<tr${i === 0 ? html` class="highlight"` : ''}><th scope="row">${describe(result.point)}</th>${cells(result)}<td>${formatValue(result.n)}</td><td>${result.score.draws}</td></tr>`,
  )}</tbody></table></div>`;
}

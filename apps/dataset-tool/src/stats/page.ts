import { html, type Markup, trusted } from '@edm2/app-kit/pictures/html';
import { page } from '@edm2/app-kit/pictures/page';
import type { ImageStatistics } from './image-statistics.js';

/** What a page of figures shows. */
interface StatisticsPage {
  readonly title: string;
  /** What the dataset is, in sentences. */
  readonly lines: readonly string[];
  readonly statistics: ImageStatistics;
  readonly sheet: { readonly png: Uint8Array; readonly images: number };
}

/** Classes that are listed. */
const SHOWN = 200;
const COLOURS: Readonly<Record<number, readonly string[]>> = { 1: ['#6c7686'], 3: ['#c8413b', '#3b9a52', '#3a6fd8'] };
const NAMES: Readonly<Record<number, readonly string[]>> = { 1: ['grey'], 3: ['red', 'green', 'blue'] };

/** Name of a channel. */
export const channelName = (c: number, channels: number): string => NAMES[channels]?.[c] ?? `channel ${c}`;

/** The whole page: no script, nothing fetched. */
export function renderStatistics({ title, lines, statistics, sheet }: StatisticsPage): string {
  const { images, side, sigmaData, black, white } = statistics;
  const figure = (label: string, value: string, note: string): Markup =>
    html`<div><dt>${label}</dt><dd class="value">${value}</dd><dd class="note">${note}</dd></div>`;
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  return page({
    title,
    header: html`${lines.map((line) => html`<p class="lead">${line}</p>`)}
<dl class="figures">
${figure('images', images.toLocaleString('en'), `${side}×${side}`)}
${figure('σ data', sigmaData.toFixed(3), 'deviation of all values in −1…1; EDM2 assumes 0.5')}
${figure('black', percent(black), 'values that are 0')}
${figure('white', percent(white), 'values that are 255')}
</dl>`,
    body: html`<section class="pictures single"><figure><img src="data:image/png;base64,${Buffer.from(sheet.png).toString('base64')}" alt="contact sheet"><figcaption>${sheet.images} of them</figcaption></figure></section>
<h2>Values</h2>
<section class="charts"><figure class="chart" role="img" aria-label="how often each level occurs">${trusted(histogram(statistics))}</figure>${channels(statistics)}</section>
${classes(statistics)}`,
  });
}

function channels({ mean, deviation, channels: count }: ImageStatistics): Markup {
  return html`<table><thead><tr><th>channel</th><th>mean</th><th>deviation</th></tr></thead><tbody>${mean.map(
    (value, c) =>
      html`<tr><th>${channelName(c, count)}</th><td>${value.toFixed(2)}</td><td>${(deviation[c] ?? 0).toFixed(2)}</td></tr>`,
  )}</tbody></table>`;
}

/** Lines over the levels 0 to 255, as high as the largest count between the ends: pure black and white may be many. */
function histogram({ histograms, channels: count }: ImageStatistics): string {
  const [width, height] = [512, 160];
  const most = Math.max(1, ...histograms.flatMap((each) => each.slice(1, -1)));
  const lines = histograms.map((each, c) => {
    const points = each.map((n, v) => `${2 * v},${(height - (height - 4) * Math.min(1, n / most)).toFixed(1)}`);
    return `<polyline fill="none" stroke="${COLOURS[count]?.[c] ?? '#6c7686'}" stroke-width="1.5" points="${points.join(' ')}"/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + 18}"><line x1="0" y1="${height}" x2="${width}" y2="${height}" stroke="#6c7686"/>${lines.join('')}<text x="0" y="${height + 14}" font-size="11" fill="#6c7686">0</text><text x="${width}" y="${height + 14}" font-size="11" text-anchor="end" fill="#6c7686">255</text></svg>`;
}

function classes({ classes: list }: ImageStatistics): Markup | undefined {
  if (list.length === 0) return undefined;
  const most = Math.max(...list.map(({ images }) => images));
  const rest = list.length - SHOWN;
  return html`<h2>Classes</h2>
<table><thead><tr><th>class</th><th>images</th></tr></thead><tbody>${list
    .slice(0, SHOWN)
    .map(
      ({ name, images }) =>
        html`<tr><th>${name}<span class="bar" style="width: ${((100 * images) / most).toFixed(1)}%"></span></th><td>${images.toLocaleString('en')}</td></tr>`,
    )}</tbody></table>${rest > 0 ? html`<p class="note">and ${rest} more</p>` : undefined}`;
}

import { ACCENT, FAINT, INK, MARK, MUTED, PAPER, RULE } from './theme.js';

/** A colour of the charts becomes a variable of the page: style rules outrank attributes. */
const chartColour = (colour: string, variable: string): string => `
.chart [fill="${colour}"] { fill: var(--${variable}); }
.chart [stroke="${colour}"] { stroke: var(--${variable}); }`;

/** The page's style sheet. */
export const STYLE_SHEET = `
:root {
  color-scheme: light dark;
  --paper: ${PAPER}; --ink: ${INK}; --muted: ${MUTED}; --rule: ${RULE};
  --accent: ${ACCENT}; --faint: ${FAINT}; --mark: ${MARK}; --wash: #f5f7fa;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --ink: #dfe4ec; --muted: #929cac; --rule: #2c323c;
    --accent: #7aa2ff; --faint: #3d568f; --mark: #f09a5b; --wash: #1b1f26;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif;
}
main { max-width: 1080px; margin: 0 auto; padding: 56px 32px 80px; }
h1 { font-size: 34px; line-height: 1.15; letter-spacing: -0.015em; margin: 0; }
h2 { font-size: 20px; letter-spacing: -0.005em; margin: 64px 0 18px; }
h3 { font-size: 14px; font-weight: 600; margin: 0 0 8px; }
p { margin: 0; }
.lead { max-width: 68ch; margin-top: 14px; font-size: 17px; }
.quiet, figcaption, .note { color: var(--muted); font-size: 14px; }
.note { max-width: 80ch; margin-top: 12px; }
.figures { display: flex; flex-wrap: wrap; margin: 36px 0 0; padding: 0; border-top: 1px solid var(--rule); border-bottom: 1px solid var(--rule); }
.figures > div { flex: 1 1 190px; padding: 18px 20px 20px 0; }
.figures dt { color: var(--muted); font-size: 14px; }
.figures dd { margin: 0; }
.figures .value { font-size: 30px; font-weight: 600; line-height: 1.25; letter-spacing: -0.01em; font-variant-numeric: tabular-nums; white-space: nowrap; }
.figures .note { margin: 2px 0 0; font-size: 13px; line-height: 1.45; }
figure { margin: 0; }
figure img { display: block; width: 100%; height: auto; border-radius: 4px; }
figcaption { margin-top: 8px; line-height: 1.45; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(380px, 100%), 1fr)); gap: 28px; margin-top: 40px; }
.pictures.single { grid-template-columns: minmax(0, 680px); }
.previews { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(230px, 45%), 1fr)); gap: 22px; }
.previews figcaption { margin-top: 5px; font-variant-numeric: tabular-nums; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 40px 44px; align-items: start; }
.chart.tall { grid-row: span 2; }
.chart svg { display: block; width: 100%; height: auto; max-width: 560px; overflow: visible; }
.chart text { font-family: inherit; }
${chartColour(INK, 'ink')}${chartColour(MUTED, 'muted')}${chartColour(RULE, 'rule')}${chartColour(ACCENT, 'accent')}
${chartColour(FAINT, 'faint')}${chartColour(MARK, 'mark')}${chartColour(PAPER, 'paper')}
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 15px; }
th, td { padding: 8px 0 8px 24px; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap; }
th:first-child, td:first-child { padding-left: 0; text-align: left; }
thead th { color: var(--muted); font-weight: 400; font-size: 14px; }
tbody th { font-weight: 400; }
tr.highlight > * { font-weight: 600; }
.pairs { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(400px, 100%), 1fr)); gap: 36px 56px; }
.pairs td { white-space: normal; }
.pairs table { font-size: 14px; }
.pairs th, .pairs td { padding-top: 6px; padding-bottom: 6px; }
.pairs tbody th { color: var(--muted); }
.bar { display: block; height: 3px; margin-top: 3px; border-radius: 2px; background: var(--faint); }
pre { margin: 6px 0 0; padding: 12px 14px; background: var(--wash); border-radius: 6px; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 13px; line-height: 1.5; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
code { font-size: 0.92em; }
.steps { display: grid; grid-template-columns: minmax(0, 1fr); gap: 16px; }
footer { margin-top: 64px; padding-top: 18px; border-top: 1px solid var(--rule); }
@media (max-width: 620px) { main { padding: 32px 18px 56px; } h1 { font-size: 28px; } h2 { margin-top: 48px; } }
@media print { main { padding: 0; } h2 { break-after: avoid; } figure, tr { break-inside: avoid; } }
`;

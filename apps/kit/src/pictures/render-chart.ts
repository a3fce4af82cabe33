import { createRequire } from 'node:module';
import type { TopLevelSpec } from 'vega-lite';
import { PAPER, THEME } from './theme.js';

/** A drawn chart. */
export interface Chart {
  /** Self-contained SVG; its ids are unique to `name`, so that several can stand on one page. */
  readonly svg: string;
  /** The same as PNG on white, with text in a font that comes along: no fonts need be installed. */
  png(width: number): Promise<Uint8Array>;
}

/**
 * Draws a Vega-Lite chart in the house style. Vega is loaded on first use: it takes half a second.
 *
 * @param name - letters and hyphens, unique on the page.
 */
export async function renderChart(name: string, spec: TopLevelSpec): Promise<Chart> {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  const compiled = vegaLite.compile(spec, { config: THEME, logger: vega.logger(vega.Error) });
  const view = new vega.View(vega.parse(compiled.spec), { renderer: 'none', logLevel: vega.Error });
  try {
    const drawn = await view.toSVG();
    const svg = drawn.replaceAll(/(\bid="|url\(#)/g, `$1${name}-`);
    return { svg, png: (width) => rasterise(svg, width) };
  } finally {
    view.finalize();
  }
}

/** An SVG as PNG on white, with text in a font that comes along. */
export async function rasterise(svg: string, width: number): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js');
  const require = createRequire(import.meta.url);
  const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((file) =>
    require.resolve(`dejavu-fonts-ttf/ttf/${file}`),
  );
  const image = new Resvg(svg, {
    background: PAPER,
    fitTo: { mode: 'width', value: width },
    font: { loadSystemFonts: false, fontFiles, defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' },
  });
  return image.render().asPng();
}

import { html, type Markup, trusted } from './html.js';
import { STYLE_SHEET } from './style-sheet.js';

/** A page of its own: no script, nothing fetched. */
export interface PageParts {
  readonly title: string;
  /** Below the title: what to see first. */
  readonly header: Markup | undefined;
  readonly body: Markup;
}

/** The file's text. */
export const page = ({ title, header, body }: PageParts): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${trusted(STYLE_SHEET)}</style>
</head>
<body>
<main>
<header>
<h1>${title}</h1>
${header}
</header>
${body}
</main>
</body>
</html>
`.markup;

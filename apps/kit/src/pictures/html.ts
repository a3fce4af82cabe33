/** Text that is markup already. Only {@link html} and {@link trusted} make it. */
export interface Markup {
  readonly markup: string;
}

type Insert = string | number | boolean | undefined | Markup | readonly Insert[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand in an element or a quoted attribute. */
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

/** Marks markup of our own making, such as a chart, as safe. */
export const trusted = (markup: string): Markup => ({ markup });

/** Template tag: everything inserted is escaped unless it is markup; lists are joined, undefined is left out. */
export function html(strings: TemplateStringsArray, ...inserts: readonly Insert[]): Markup {
  return trusted(strings.map((text, i) => text + (i < inserts.length ? render(inserts[i]) : '')).join(''));
}

function render(insert: Insert): string {
  if (insert === undefined) return '';
  if (typeof insert !== 'object') return escapeHtml(String(insert));
  return 'markup' in insert ? insert.markup : insert.map(render).join('');
}

/** Names that a note shows before it only counts. */
const SHOWN = 3;

/** Files of a set that are not images, in words. */
export function describePassedOver(path: string, files: readonly string[]): string {
  const shown = files.slice(0, SHOWN).join(', ');
  const more = files.length > SHOWN ? `, and ${files.length - SHOWN} more` : '';
  return `${path}: passed over ${files.length} file${files.length === 1 ? '' : 's'} that ${files.length === 1 ? 'is' : 'are'} not images: ${shown}${more}`;
}

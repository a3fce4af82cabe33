import { type ConvertReport, remedyOfReason } from '@edm2/dataset/convert';

/** Classes, and kinds of files, that are listed. */
const SHOWN = 8;

/** What became of the images of a source, in lines for people. */
export function convertLines(report: ConvertReport, dest: string | undefined): string[] {
  const { images, side, channels, source, passedOver, conversions, labelKind, classNames } = report;
  const colour = channels === 1 ? 'grey' : 'RGB';
  const names =
    classNames.length > 0 ? `: ${classNames.slice(0, SHOWN).join(', ')}${classNames.length > SHOWN ? ', …' : ''}` : '';
  const files = source.passedOver.map(
    ({ count, extension, example, reason }) => `${count} ${extension || 'without extension'} (${example}: ${reason})`,
  );
  const remedies = source.passedOver.map(({ reason }) => remedyOfReason(reason)).filter((text) => text !== undefined);
  return [
    `${images} image${images === 1 ? '' : 's'} of ${side}×${side}, ${colour}${dest === undefined ? ' would be written' : ` → ${dest}`}`,
    ...source.changes,
    ...conversions.map(({ count, what, example }) => `${count}: ${what} (${example})`),
    `labels: ${labelKind === 'none' ? 'none, ' : ''}${source.labels.why}${names}`,
    ...passedOver.map(({ count, what, example, why }) => `passed over ${count}: ${what}, such as ${example}: ${why}`),
    ...(files.length > 0
      ? [
          `no images: ${files.slice(0, SHOWN).join(', ')}${files.length > SHOWN ? ` and ${files.length - SHOWN} kinds more` : ''}`,
        ]
      : []),
    ...new Set(remedies),
  ];
}

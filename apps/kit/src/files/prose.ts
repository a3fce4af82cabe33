/** Text that is written over several lines and read as one paragraph: line breaks of the template become spaces; values stay as they are. */
export const prose = (parts: TemplateStringsArray, ...values: readonly (string | number)[]): string =>
  parts
    .map((part, i) => {
      const joined = part.replace(/\s*\n\s*/g, ' ');
      const begun = i === 0 ? joined.trimStart() : joined;
      return `${i === parts.length - 1 ? begun.trimEnd() : begun}${values[i] ?? ''}`;
    })
    .join('');

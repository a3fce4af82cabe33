/** The values of a log of JSON lines. Lines that do not parse are left out: the last one may have been cut off. */
export const parseJsonLines = <T>(text: string): T[] =>
  text.split('\n').flatMap((line): T[] => {
    try {
      return line ? [JSON.parse(line)] : [];
    } catch {
      return [];
    }
  });

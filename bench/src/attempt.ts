const LONGEST = 160; // characters of a reason: it has to fit in a table

/** A side that cannot be measured must not cost the others their rows: its error becomes the reason, in one line. */
export async function attempt<T>(measure: () => Promise<T>): Promise<T | string> {
  try {
    return await measure();
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).split('\n')[0]?.slice(0, LONGEST) ?? 'failed';
  }
}

// What './node' is in a browser's bundle: nothing of Node.js, and an error that says so.

/** @throws {Error} (rejects) always. */
export async function computeFid(): Promise<never> {
  throw new Error(
    'computeFid: expected Node.js, which has folders and files, got a browser. Compute features with ./inception, and frechetDistance of their statistics.',
  );
}

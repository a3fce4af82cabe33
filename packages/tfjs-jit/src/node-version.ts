/** Least major version of Node.js. */
const NODE = 20;

/**
 * Makes sure that Node.js is new enough; browsers pass. Engines call it before they load anything.
 *
 * @param version - of Node.js; undefined elsewhere.
 * @throws {Error} for a Node.js that is too old.
 */
export function checkNode(version: string | undefined = nodeVersion()): void {
  if (version === undefined || Number.parseInt(version, 10) >= NODE) return;
  throw new Error(`tfjs-jit: expected Node.js ${NODE} or newer, got ${version}. Install a current Node.js.`);
}

/** Browsers have no `process`. */
function nodeVersion(): string | undefined {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return process?.versions?.node;
}

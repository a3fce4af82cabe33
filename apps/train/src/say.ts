/** Notes go to the error stream, so that results can be piped. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`);

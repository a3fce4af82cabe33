/** Results, to standard output. */
export const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** Everything else that a user may want to know, to standard error. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`);

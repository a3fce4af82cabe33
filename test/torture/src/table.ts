import type { Tally } from './trial.js';

/** The results as a table in Markdown. */
export function tableOf(tallies: readonly Tally[], summary: string): string {
  const rows = tallies.map(({ subject, torment, done, trials, faults }) => {
    const what = Object.entries(done).map(([name, count]) => `${count} × ${name}`);
    return `| ${[subject, torment, what.join(', ') || '–', trials, faults.length].join(' | ')} |`;
  });
  return [
    '| command | torment | felt | compared | faults |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    `${summary}.`,
    '',
  ].join('\n');
}

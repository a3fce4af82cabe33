import type { Row } from '../row.js';
import { digits } from '../table.js';

/** A line for each model, a column for each way: later calls, the first one in brackets, and how much faster than the quickest way without `jit`. */
export function modelTable(rows: readonly Row[]): string {
  const OURS = 'jit, ONNX Runtime';
  const ways = [OURS, ...new Set(rows.map(({ peer }) => peer))];
  const titles = [...new Set(rows.map(({ work }) => work.replace(CALL, '')))];
  const cell = (title: string, way: string, call: 'first' | 'later'): { ms: number | null; note: string } => {
    const row = rows.find(({ work, peer }) => work === `${title}, ${call} call` && (way === OURS || peer === way));
    return { ms: (way === OURS ? row?.ours : row?.theirs) ?? null, note: row?.note ?? '' };
  };
  const text = (title: string, way: string): string => {
    const [later, first] = [cell(title, way, 'later').ms, cell(title, way, 'first').ms];
    return later === null ? '–' : `${digits(later)} (${digits(first)})`;
  };
  const lines = titles.map((title) => {
    const ms = (way: string): number => cell(title, way, 'later').ms ?? Number.POSITIVE_INFINITY;
    const compiled = ways.filter((way) => way.startsWith('jit'));
    const best = Math.min(...compiled.map(ms));
    const [cpu, wasm] = [ms('TensorFlow.js cpu') / best, ms('TensorFlow.js wasm') / best];
    return [title, ...ways.map((way) => text(title, way)), times(cpu), times(wasm)];
  });
  const head = ['model', ...ways, 'against cpu', 'against wasm'];
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const CALL = /, (first|later) call$/;

const times = (ratio: number): string =>
  Number.isFinite(ratio) ? `${ratio >= 100 ? Math.round(ratio) : ratio.toFixed(1)} ×` : '–';

import { describe, expect, it } from 'vitest';
import { makeRow } from '../row.js';
import { summarize } from '../statistics.js';
import { modelTable } from './model-table.js';

const row = (work: string, peer: string, ours: number | string, theirs: number | string) => {
  const side = (value: number | string) => (typeof value === 'string' ? value : summarize([value]));
  return makeRow({ work, peer, ours: side(ours), theirs: side(theirs), unit: 'ms' });
};

describe('modelTable', () => {
  const rows = [
    row('net, first call', 'jit, libtensorflow', 200, 300),
    row('net, first call', 'TensorFlow.js cpu', 200, 1000),
    row('net, later call', 'jit, libtensorflow', 20, 10),
    row('net, later call', 'TensorFlow.js cpu', 20, 900),
    row('net, later call', 'TensorFlow.js wasm', 20, 'no kernel'),
  ];

  it('has a line for each model: later calls, first ones in brackets, ratios to the quicker compiled way', () => {
    const [head, , line] = modelTable(rows).split('\n');
    expect(head).toBe(
      '| model | jit, ONNX Runtime | jit, libtensorflow | TensorFlow.js cpu | TensorFlow.js wasm | against cpu | against wasm |',
    );
    expect(line).toBe('| net | 20.0 (200) | 10.0 (300) | 900 (1000) | – | 90.0 × | – |');
  });

  it('still compares where one of the compiled ways failed', () => {
    const failed = rows.map((each) => (each.peer === 'jit, libtensorflow' ? { ...each, theirs: null } : each));
    expect(modelTable(failed).split('\n')[2]).toContain('| – | 900 (1000) | – | 45.0 × | – |');
  });
});

import { type Graph, newValue } from '@edm2/tfjs-jit/graph';
import { expect, test } from 'vitest';
import { lowerToStableHlo } from '../lower-to-stablehlo.js';

test('a filter’s gradient is put into the order of its filter where it is asked for, and nothing else is', () => {
  const [x, dy] = [newValue([1, 4, 4, 2], 'float32'), newValue([1, 4, 4, 3], 'float32')];
  const [gradient, image] = [newValue([3, 3, 2, 3], 'float32'), newValue([1, 4, 4, 2], 'float32')];
  const pad = [
    [0, 0],
    [1, 1],
    [1, 1],
    [0, 0],
  ];
  const attrs = { strides: [1, 1], dilations: [1, 1], pad };
  const graph: Graph = {
    inputs: [x, dy],
    constants: new Map(),
    nodes: [
      { kernel: 'Conv2DBackpropFilter', op: 'conv2d', inputs: [x, dy], outputs: [gradient], attrs },
      { kernel: 'Conv2DBackpropInput', op: 'conv2d', inputs: [dy, gradient], outputs: [image], attrs },
    ],
    outputs: [gradient, image],
  };
  const options = { state: [], donated: new Set<number>(), precision: 'float32' as const };
  const ordered = (gradientsInRows: boolean): string[] =>
    lowerToStableHlo(graph, options, { gradientsInRows })
      .text.split('\n')
      .filter((op) => op.includes('LayoutConstraint'));
  expect(ordered(false)).toEqual([]);
  expect(ordered(true)).toEqual([
    expect.stringMatching(
      /result_layouts = \[dense<\[3, 2, 1, 0\]>.*\(tensor<3x3x2x3xf32>\) -> \(tensor<3x3x2x3xf32>\)/,
    ),
  ]);
});

import { expect, test } from 'vitest';
import { continuedConfig, differences } from './on-resume.js';
import type { RunConfig } from './run-config.js';

const run = (validation?: string | number): RunConfig =>
  ({ config: 'G', network: {}, ...(validation === undefined ? {} : { validation }) }) as unknown as RunConfig;

test('held-out images may have moved; how many of the data are held out may not change', () => {
  expect(continuedConfig(run('/a'), { validation: '/b' }, 'here').validation).toBe('/b');
  expect(differences(run('/a'), run('/b'))).toEqual([]);
  for (const [then, now] of [
    [0.1, 0.2],
    [0.1, '/b'],
    ['/a', 0.1],
    [undefined, '/b'],
  ] as const) {
    expect(() => continuedConfig(run(then), { validation: now }, 'here')).toThrow(/--validation .* then, .* now/);
    expect(differences(run(then), run(now))).toHaveLength(1);
  }
});

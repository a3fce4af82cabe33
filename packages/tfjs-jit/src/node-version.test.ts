import { jit, registerEngine } from '@edm2/tfjs-jit';
import { afterEach, expect, it, vi } from 'vitest';
import { checkNode } from './node-version.js';

afterEach(() => vi.unstubAllGlobals());

it.each(['18.20.8', '19.9.0', '4.0.0'])('refuses Node.js %s in one sentence', (version) => {
  expect(() => checkNode(version)).toThrow(
    `tfjs-jit: expected Node.js 20 or newer, got ${version}. Install a current Node.js.`,
  );
});

it.each(['20.0.0', '22.11.0', '100.1.0'])('takes %s', (version) => {
  expect(() => checkNode(version)).not.toThrow();
});

it('asks when a function is compiled or an engine starts, and not in a browser', () => {
  const engine = { name: 'none', backend: 'none', compile: () => ({ run: () => [], dispose: () => undefined }) };
  vi.stubGlobal('process', { ...process, versions: { node: '18.0.0' } });
  expect(() => jit(() => undefined)).toThrow(/expected Node\.js 20 or newer, got 18\.0\.0/);
  expect(() => registerEngine('none', engine)).toThrow(/got 18\.0\.0/);
  vi.stubGlobal('process', undefined);
  expect(() => jit(() => undefined)).not.toThrow();
});

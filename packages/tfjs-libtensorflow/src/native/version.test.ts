import { expect, it } from 'vitest';
import { checkVersion } from './version.js';

const at = (version: string | undefined) => ({ folder: '/f', file: '/f/lib', version, variant: 'cpu' as const });

it('takes the releases that are known', () => {
  for (const version of ['2.16.2', '2.18.1', '2.21.0']) checkVersion(version, at(undefined));
  checkVersion('2.21.0', at('2.21.0'));
});

it.each([
  ['2.15.1', undefined, /expected TensorFlow 2\.16 to 2\.21, got 2\.15\.1 in \/f\/lib\. Run: npx/],
  ['2.22.0', undefined, /got 2\.22\.0/],
  ['3.0.0', undefined, /got 3\.0\.0/],
  ['2.16.2', '2.21.0', /expected TensorFlow 2\.21\.0, got 2\.16\.2.*remove, then install/],
])('refuses %s where %s was installed', (version, installed, message) => {
  expect(() => checkVersion(version, at(installed))).toThrow(message);
});

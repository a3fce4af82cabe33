import { readFile } from 'node:fs/promises';
import { goldenPath, readGolden } from '@edm2/test-support';
import { describe, expect, it } from 'vitest';
import { NUMPY_GLOBALS } from './numpy.js';
import { openPickle } from './open-pickle.js';
import { readPickle } from './read-pickle.js';
import type { PickleValue } from './values.js';
import { PickledArray } from './values.js';

const golden = readGolden('stats-tiny');

const under = (value: PickleValue | undefined, ...path: string[]): PickleValue | undefined =>
  path.reduce<PickleValue | undefined>((at, key) => (at instanceof Map ? at.get(key) : undefined), value);

describe('statistics that NumPy wrote', () => {
  it.each([
    ['stats-tiny.pkl', ['fid', 'fd_dinov2']],
    ['stats-tiny-np2.pkl', ['fid', 'fd_dinov2']],
    ['stats-tiny-np2-p5.pkl', ['fid', 'fd_dinov2']],
    ['stats-tiny-p2.pkl', ['fid']],
  ])('%s, to the last bit, from memory and from the file', async (file, kinds) => {
    const opened = await openPickle(goldenPath(file), { allow: NUMPY_GLOBALS });
    await opened.close();
    for (const value of [readPickle(await readFile(goldenPath(file)), { allow: NUMPY_GLOBALS }), opened.value])
      for (const kind of kinds)
        for (const name of ['mu', 'sigma']) {
          const array = under(value, kind, name);
          const expected = golden.get(`${kind}.${name}`);
          expect(array).toBeInstanceOf(PickledArray);
          expect(array).toMatchObject({ dtype: '<f8', shape: expected.shape });
          expect(array instanceof PickledArray && array.data).toEqual(expected.data);
        }
  });

  it('stats-tiny-odd.pkl: float32, Fortran order, numbers of NumPy', async () => {
    const value = readPickle(await readFile(goldenPath('stats-tiny-odd.pkl')), { allow: NUMPY_GLOBALS });
    expect(under(value, 'num_images') ?? under(value, 'fid', 'num_images')).toBe(7n);
    const [mu, sigma] = [under(value, 'fid', 'mu'), under(value, 'fid', 'sigma')];
    expect(mu).toMatchObject({ dtype: '<f4', data: Float32Array.from(golden.get('fid.mu').data) });
    expect(sigma).toMatchObject({ dtype: '<f8', data: golden.get('fid.sigma').data });
  });

  it.each(['refuse-global.pkl', 'refuse-stack-global.pkl'])('%s is refused by name', async (file) => {
    const bytes = await readFile(goldenPath(file));
    const allow = [...NUMPY_GLOBALS];
    expect(() => readPickle(bytes, { allow })).toThrow(/got "(posix|nt|os)\.getcwd"/);
    expect(() => readPickle(bytes, { allow })).toThrow(expect.objectContaining({ code: 'global' }));
    await expect(openPickle(goldenPath(file), { allow })).rejects.toMatchObject({ code: 'global' });
  });
});

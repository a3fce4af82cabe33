import { known, nearestName } from '@edm2/options';
import fc from 'fast-check';
import { distance } from 'fastest-levenshtein';
import { expect, test } from 'vitest';

interface Options {
  readonly sigmaData?: number;
  readonly gamma?: number;
}
const names = { sigmaData: true, gamma: true } as const;
const run = (options: Options) => known('weight', options, names);

test('known options pass as they are, undefined ones too', () => {
  const options = { sigmaData: 1 };
  expect(run(options)).toBe(options);
  expect(run({})).toEqual({});
  expect(run({ gamma: undefined } as unknown as Options)).toEqual({ gamma: undefined });
});

test.each([
  [{ sigma_data: 1 }, 'weight: expected options among sigmaData, gamma, got sigma_data. Did you mean sigmaData?'],
  [{ gama: 1 }, 'got gama. Did you mean gamma?'],
  [{ sigmaData: 1, activation: 'relu' }, 'got activation. Leave it out.'],
  [{ activation: undefined }, 'got activation. Leave it out.'],
  [{ constructor: 1 }, 'got constructor. Leave it out.'],
  [5, 'weight: expected an object of options, got number 5. Pass { sigmaData: … }.'],
  ['fast', 'got string fast.'],
  [null, 'got null.'],
  [[1], 'got an array.'],
  [() => 1, 'got a function.'],
])('%j is refused', (options, message) => {
  expect(() => run(options as Options)).toThrow(message);
});

test('a function without options takes none', () => {
  expect(() => known('forcedWeightNorm', { axis: 0 }, {} as never)).toThrow(
    'forcedWeightNorm: expected no options, got axis. Leave it out.',
  );
});

test('whatever keys there are, the first that is unknown is named', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.anything()), (options) => {
      const stranger = Object.keys(options).find((key) => !Object.hasOwn(names, key));
      if (stranger === undefined) expect(run(options as Options)).toBe(options);
      else expect(() => run(options as Options)).toThrow(`, got ${stranger}. `);
    }),
  );
});

test('a word is near to one that it is part of, and the same word nearer', () => {
  expect(nearestName('numThreads', ['sigma', 'threads'])).toBe('threads');
  expect(nearestName('epsilon', ['eps'])).toBe('eps');
  expect(nearestName('Eps', ['epsilon', 'eps'])).toBe('eps');
});

test('the nearest name is the nearest by letters, or none when all are far', () => {
  const word = fc.stringMatching(/^[a-z]{1,12}$/);
  fc.assert(
    fc.property(word, fc.array(word, { minLength: 1, maxLength: 6 }), (given, all) => {
      fc.pre(
        !all.some((name) => name.length > 2 && given.length > 2 && (given.includes(name) || name.includes(given))),
      );
      const near = nearestName(given, all);
      const least = Math.min(...all.map((name) => distance(given, name)));
      if (least > Math.max(2, Math.floor(given.length / 3))) expect(near).toBeUndefined();
      else expect(distance(given, near ?? '')).toBe(least);
    }),
  );
});

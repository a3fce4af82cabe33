import { expect, test } from 'vitest';
import { commandWords } from '../words.js';
import { seedClasses as classesOf } from './seed-classes.js';

const seedClasses = (labelDim: number, classes: readonly number[] | undefined, columns: number) =>
  classesOf(labelDim, classes, columns, commandWords);

const seeds = Array.from({ length: 12 }, (_, i) => i);

test('a list of classes: one after the other, or a row of the grid each, and round again', () => {
  expect(seeds.map(seedClasses(10, [7, 3, 5], 1))).toEqual([7, 3, 5, 7, 3, 5, 7, 3, 5, 7, 3, 5]);
  expect(seeds.map(seedClasses(10, [7, 3], 4))).toEqual([7, 7, 7, 7, 3, 3, 3, 3, 7, 7, 7, 7]);
});

test('without a list each seed draws its own, from all classes; a network without classes gets none', () => {
  const classOf = seedClasses(3, undefined, 1);
  expect(seeds.map(classOf)).toEqual(seeds.map(seedClasses(3, undefined, 5)));
  expect(new Set(Array.from({ length: 100 }, (_, i) => classOf(i)))).toEqual(new Set([0, 1, 2]));
  expect(seedClasses(0, undefined, 1)(5)).toBe(-1);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readLabelTable } from './label-table.js';

const tmp = mkdtempSync(join(tmpdir(), 'edm2-labels-'));
afterAll(() => rmSync(tmp, { recursive: true, force: true }));
const NAMES = ['photos/a/1.jpg', 'photos/b/2.jpg', 'photos/b/3.png'];

function read(file: string, text: string, names = NAMES) {
  writeFileSync(join(tmp, file), text);
  return readLabelTable(join(tmp, file), names);
}

describe('reads', () => {
  test.each<[string, string, string]>([
    [
      'a header, other columns, quotes',
      'x.csv',
      'id,when,label\r\n"a/1.jpg","1,5",cat\r\nb/2.jpg,2,"dog ""big"""\r\nb/3.png,3,cat\r\n',
    ],
    ['two columns, the names last', 'x.csv', 'breed,picture\ncat,1.jpg\n"dog ""big""",2.jpg\ncat,3.png'],
    ['tabs, no header', 'x.tsv', '1\tcat\n2\tdog "big"\n\n3\tcat\n'],
    [
      'dataset.json',
      'x.json',
      '{"labels": [["photos/a/1.jpg", "cat"], ["photos/b/2.jpg", "dog \\"big\\""], ["photos/b/3.png", "cat"]]}',
    ],
    ['an object of names', 'x.json', '{"1.jpg": "cat", ".\\\\b\\\\2.jpg": "dog \\"big\\"", "3": "cat"}'],
    [
      'lines of objects',
      'x.jsonl',
      '\uFEFF{"file_name": "a/1.jpg", "label": "cat"}\n{"file_name": "b/2.jpg", "label": "dog \\"big\\"", "size": 3}\n{"label": "cat", "file_name": "3.png"}\n',
    ],
  ])('%s', async (_, file, text) => {
    const { labels, report } = await read(file, text);
    expect(labels).toEqual({
      kind: 'class',
      dim: 2,
      classes: Int32Array.of(0, 1, 0),
      classNames: ['cat', 'dog "big"'],
    });
    expect(report).toEqual({ from: 'table', why: `from ${file}` });
  });

  test('numbers are classes, lists are vectors, rows of other files are counted', async () => {
    const numbers = await read('n.csv', 'file;class\n1.jpg;4\n2.jpg;0\n3.png;1\ngone.png;9\n');
    expect(numbers.labels).toEqual({ kind: 'class', dim: 5, classes: Int32Array.of(4, 0, 1), classNames: [] });
    expect(numbers.report).toMatchObject({ unused: { count: 1, example: 'gone.png' } });
    const { labels } = await read('v.json', '{"1": [1, 2], "2": [0, 0.5], "3": [3, 4]}');
    expect(labels).toEqual({
      kind: 'vector',
      dim: 2,
      vectors: [Float32Array.of(1, 2), Float32Array.of(0, 0.5), Float32Array.of(3, 4)],
    });
  });

  test('a whole path is not taken for the end of another', async () => {
    const names = ['1.jpg', 'old/1.jpg'];
    const { labels } = await read('p.csv', '1.jpg,5\nold/1.jpg,6\n', names);
    expect(labels).toMatchObject({ classes: Int32Array.of(5, 6) });
  });
});

describe('refuses', () => {
  test.each<[string, string, string, RegExp]>([
    [
      'an image without a label',
      'x.csv',
      '1.jpg,0\n2.jpg,1\nz.jpg,1\n',
      /for each of 3 images, got 1 without one, photos\/b\/3\.png first, and 1 rows/,
    ],
    ['two labels', 'x.csv', '1.jpg,0\n1.jpg,1\n', /one label for each image, got 0 and 1 for 1\.jpg/],
    ['a name of several', 'x.json', '{"b": 1}', /names that mean one image each, got b,/],
    ['no columns', 'x.csv', 'a,b,c\n1,2,3\n', /the columns a, b, c/],
    ['an empty file', 'x.csv', '', /the columns none/],
    ['a row cut short', 'x.csv', 'file,label\n1.jpg,\n', /a row without a label, row 1/],
    ['no JSON', 'x.jsonl', '{"file": "1.jpg"', /which is not JSON/],
    ['no label', 'x.json', '{"1.jpg": null}', /\["1\.jpg",null\] at "1\.jpg"/],
    ['a class below 0', 'x.json', '{"1": -1, "2": 0, "3": 0}', /class index from 0/],
    ['lists of two lengths', 'x.json', '{"1": [1], "2": [1, 2], "3": [1]}', /a list of 1 numbers, got \[1,2\]/],
  ])('%s', async (_, file, text, message) => {
    const names = text.includes('"b"') ? ['x/b.png', 'y/b.png'] : NAMES;
    await expect(read(file, text, names)).rejects.toThrow(message);
  });
});

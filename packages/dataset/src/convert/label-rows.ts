import { labelError } from '../labels.js';

/** A label as a table has it: a class by number or name, or a vector. */
export type RawLabel = number | string | readonly number[];

/** One row of a table of labels. */
export type LabelRow = readonly [name: string, label: RawLabel];

/** Names of the column, or field, that says which image. */
const NAME = /^(file[-_ ]?names?|files?|file[-_ ]?path|paths?|images?|image[-_ ]?(id|name|path|file)|img|name|id)$/i;
/** Names of the column, or field, that says which label. */
const LABEL =
  /^(labels?|class|classes|class[-_ ]?(id|name|label|idx|index)|categor(y|ies)|category[-_ ]?(id|name)|target|y|species|breed)$/i;

const REMEDY =
  'Write a CSV with the columns file_name and label, JSON such as {"a.png": 3}, or JSONL such as {"file_name": "a.png", "label": 3}';

/**
 * Reads a table of labels: CSV or TSV, with or without a header; JSON as dataset.json has it, as pairs, as objects or as one object of
 * names; JSONL of pairs or objects.
 *
 * @param path - for errors; its ending decides how the text is read.
 * @throws {DatasetError} bad-label.
 */
export function parseLabelRows(text: string, path: string): LabelRow[] {
  const clean = text.replace(/^\uFEFF/, '');
  if (/\.(jsonl|ndjson)$/i.test(path))
    return clean
      .split('\n')
      .flatMap((line, i) => (line.trim() === '' ? [] : [rowOf(parse(line, path), `line ${i + 1}`, path)]));
  if (/\.json$/i.test(path)) return jsonRows(parse(clean, path), path);
  return tableRows(clean, path);
}

const fail = (path: string, got: string, cause?: unknown) =>
  labelError('bad-label', path, 'a table of names and labels', `${got} in ${path}`, REMEDY, cause);

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw fail(path, `${JSON.stringify(text.slice(0, 40))}, which is not JSON,`, cause);
  }
}

function jsonRows(value: unknown, path: string): LabelRow[] {
  const rows = isObject(value) && Array.isArray(value['labels']) ? value['labels'] : value;
  if (Array.isArray(rows)) return rows.map((row, i) => rowOf(row, `entry ${i + 1}`, path));
  if (isObject(rows))
    return Object.entries(rows).map(([name, label]) => rowOf([name, label], JSON.stringify(name), path));
  throw fail(path, JSON.stringify(value)?.slice(0, 40) ?? 'nothing');
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function rowOf(row: unknown, where: string, path: string): LabelRow {
  const pair = Array.isArray(row) ? row : isObject(row) ? fieldsOf(row) : [];
  const [name, label] = pair;
  const isLabel =
    typeof label === 'string' ||
    typeof label === 'number' ||
    (Array.isArray(label) && label.length > 0 && label.every((each) => Number.isFinite(each)));
  if (pair.length !== 2 || typeof name !== 'string' || !isLabel)
    throw fail(path, `${JSON.stringify(row)?.slice(0, 60) ?? 'nothing'} at ${where}`);
  return [name, label as RawLabel];
}

function fieldsOf(row: Readonly<Record<string, unknown>>): unknown[] {
  const keys = Object.keys(row);
  const name = keys.find((key) => NAME.test(key));
  const label =
    keys.find((key) => LABEL.test(key)) ?? (keys.length === 2 ? keys.find((key) => key !== name) : undefined);
  return name === undefined || label === undefined ? [] : [row[name], row[label]];
}

function tableRows(text: string, path: string): LabelRow[] {
  const [first = ''] = text.split('\n', 1);
  const separator = ['\t', ';', ','].find((sign) => first.includes(sign)) ?? (/\s/.test(first.trim()) ? ' ' : ',');
  const rows = cellsOf(text, separator);
  const [head = []] = rows;
  let [name, label] = [
    head.findIndex((cell) => NAME.test(cell.trim())),
    head.findIndex((cell) => LABEL.test(cell.trim())),
  ];
  const hasHeader = name >= 0 || label >= 0;
  if (hasHeader && head.length === 2) [name, label] = name >= 0 ? [name, 1 - name] : [1 - label, label];
  if (!hasHeader) [name, label] = [0, 1];
  if (name < 0 || label < 0 || head.length < 2 || (!hasHeader && head.length > 2))
    throw fail(path, `the columns ${head.join(', ').slice(0, 80) || 'none'}`);
  return rows.slice(hasHeader ? 1 : 0).map((cells, i) => {
    const [file = '', value = ''] = [cells[name]?.trim(), cells[label]?.trim()];
    if (file === '' || value === '')
      throw fail(path, `a row without ${file === '' ? 'a name' : 'a label'}, row ${i + 1},`);
    return [file, value];
  });
}

/** Cells of a CSV (RFC 4180): quoted ones may hold separators, lines and doubled quotes. Empty lines are passed over. */
function cellsOf(text: string, separator: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  const endRow = (): void => {
    row.push(cell);
    if (row.some((each) => each.trim() !== '')) rows.push(row);
    [row, cell] = [[], ''];
  };
  for (let i = 0; i < text.length; i++) {
    const sign = text[i] as string;
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (text[i + 1] === '"') cell += text[i++];
      else quoted = false;
    } else if (sign === '"' && cell.trim() === '') [quoted, cell] = [true, ''];
    else if (sign === '\n') endRow();
    else if (sign === separator) {
      if (separator !== ' ' || cell !== '') row.push(cell);
      cell = '';
    } else if (sign !== '\r') cell += sign;
  }
  endRow();
  return rows;
}

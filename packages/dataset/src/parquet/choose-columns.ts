import type { FileMetaData, SchemaElement } from 'hyparquet';
import type { DatasetError, DatasetErrorCode } from '../errors.js';
import type { Spelling } from '../spelling.js';

/** Columns that the caller chose. */
export interface ColumnWishes {
  readonly image?: string | undefined;
  readonly label?: string | undefined;
}

/** Which columns hold what. */
export interface ChosenColumns {
  readonly image: string;
  /** Encoded images lie in the column itself, and not in its field `bytes`. */
  readonly plain: boolean;
  readonly label: string | undefined;
  /** Labels are texts, and their classes the different ones. */
  readonly textLabels: boolean;
  /** Names of the classes, where the file says them. */
  readonly classNames: readonly string[];
  /** In words: which column the labels are of, and which others there are. */
  readonly why: string;
}

/** A column at the top of a table. */
interface Column {
  readonly name: string;
  readonly element: SchemaElement;
  readonly children: readonly SchemaElement[];
}

/** What Hugging Face's `datasets` writes of a column. */
interface Feature {
  readonly _type?: string;
  readonly names?: readonly string[];
}

/** Names of columns that hold images, the likeliest first. */
const IMAGES = /^(image|img|jpg|jpeg|png|webp|picture|photo|pixels|pixel_values)$/i;
/** Names of columns of classes, of which the first that is there is taken. */
const LABELS = ['label', 'labels', 'class', 'target', 'fine_label', 'y', 'category'];

/**
 * Finds the images' and the labels' column: by the types that Hugging Face's tools note in the file, else by form and name.
 *
 * @throws {DatasetError} unsupported where no column holds images; ambiguous, listing them, where several do.
 */
export function chooseColumns(
  metadata: FileMetaData,
  { image: wished, label: wishedLabel }: ColumnWishes,
  useLabels: boolean,
  spelling: Spelling,
  fail: (code: DatasetErrorCode, expected: string, got: string, remedy: string) => DatasetError,
): ChosenColumns {
  const columns = columnsOf(metadata.schema);
  const features = featuresOf(metadata);
  const listed = columns.map(({ name }) => name).join(', ') || 'no columns';
  const byName = (name: string, what: string): Column => {
    const found = columns.find((column) => column.name === name);
    if (found) return found;
    throw fail('unsupported', `a column ${name} of ${what}`, listed, 'Name one of these');
  };

  const noted = columns.filter(({ name }) => features.get(name)?._type === 'Image');
  const formed = columns.filter((column) => isStruct(column) || (isBytes(column.element) && IMAGES.test(column.name)));
  const images = wished === undefined ? (noted.length > 0 ? noted : formed) : [byName(wished, 'images')];
  const named = images.length > 1 ? images.filter(({ name }) => /^(image|img)$/i.test(name)) : images;
  const [image] = named;
  if (images.length === 0 || (image && !isStruct(image) && !isBytes(image.element)))
    throw fail(
      'unsupported',
      'a column of encoded images ({bytes, path}, or bytes)',
      listed,
      'Save the images as PNG or JPEG in a folder',
    );
  if (!image || named.length > 1) {
    const option = spelling.option('imageColumn');
    const remedy = option
      ? `Choose one: ${option} ${images[0]?.name}`
      : 'Choose one when you convert them: edm2 dataset convert --image-column';
    throw fail('ambiguous', 'one column of images', images.map(({ name }) => name).join(' and '), remedy);
  }

  const isLabel = ({ name, element }: Column): boolean =>
    features.get(name)?._type === 'ClassLabel' ||
    (LABELS.includes(name.toLowerCase()) && (isInteger(element) || isText(element)));
  const labels = useLabels ? columns.filter((column) => column !== image && isLabel(column)) : [];
  const rank = ({ name }: Column): number =>
    (LABELS.indexOf(name.toLowerCase()) + LABELS.length + 1) % (LABELS.length + 1);
  const label = !useLabels
    ? undefined
    : wishedLabel === undefined
      ? [...labels].sort((a, b) => rank(a) - rank(b))[0]
      : byName(wishedLabel, 'labels');
  if (label && !isInteger(label.element) && !isText(label.element))
    throw fail(
      'unsupported',
      `whole numbers or texts in the column ${label.name}`,
      'another type',
      'Choose another column',
    );
  const others = labels.filter((column) => column !== label).map(({ name }) => name);
  const also = others.length > 0 ? ` (not ${others.join(', ')})` : '';
  return {
    image: image.name,
    plain: !isStruct(image),
    label: label?.name,
    textLabels: label !== undefined && isText(label.element),
    classNames: label ? namesOf(features.get(label.name)) : [],
    why: !useLabels
      ? 'left out as asked'
      : label
        ? `from the column ${label.name}${also}`
        : `no column of classes among ${listed}`,
  };
}

/** Columns at the top of a schema, which is a tree in depth-first order. */
function columnsOf(schema: readonly SchemaElement[]): Column[] {
  const columns: Column[] = [];
  let at = 1;
  const skip = (): void => {
    const { num_children: count = 0 } = schema[at++] ?? {};
    for (let i = 0; i < count && at < schema.length; i++) skip();
  };
  while (at < schema.length) {
    const element = schema[at] as SchemaElement;
    const children: SchemaElement[] = [];
    const { num_children: count = 0 } = element;
    at++;
    for (let i = 0; i < count && at < schema.length; i++) {
      children.push(schema[at] as SchemaElement);
      skip();
    }
    columns.push({ name: element.name, element, children });
  }
  return columns;
}

/** Types that Hugging Face's `datasets` notes beside the table; none where it did not write the file. */
function featuresOf({ key_value_metadata: entries = [] }: FileMetaData): ReadonlyMap<string, Feature> {
  const text = entries.find(({ key }) => key === 'huggingface')?.value;
  try {
    const features: unknown = JSON.parse(text ?? 'null')?.info?.features;
    return new Map(Object.entries(features && typeof features === 'object' ? features : {}) as [string, Feature][]);
  } catch {
    return new Map();
  }
}

const namesOf = (feature: Feature | undefined): readonly string[] => {
  const names: unknown = feature?.names;
  return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : [];
};

const isSingle = ({ repetition_type: repetition }: SchemaElement): boolean => repetition !== 'REPEATED';
const isBytes = (element: SchemaElement): boolean =>
  element.type === 'BYTE_ARRAY' && isSingle(element) && !isText(element);
const isText = ({ converted_type: converted, logical_type: logical }: SchemaElement): boolean =>
  converted === 'UTF8' || logical?.type === 'STRING';
const isInteger = (element: SchemaElement): boolean => /^INT(32|64)$/.test(element.type ?? '') && isSingle(element);
/** `{bytes, path}`, and not a list of them. */
const isStruct = ({ element, children }: Column): boolean =>
  isSingle(element) &&
  element.converted_type !== 'LIST' &&
  children.some((child) => child.name === 'bytes' && isBytes(child));

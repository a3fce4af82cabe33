/** What went wrong, for callers that branch; the text says the rest. */
export type DatasetErrorCode =
  /** Nothing exists at the path. */
  | 'not-found'
  /** There is a file or folder, but no image in it. */
  | 'empty'
  /** More than one dataset, split or array of labels; the text lists the choices. */
  | 'ambiguous'
  /** A kind of file, compression, pixel or number type that this package does not read. */
  | 'unsupported'
  /** The file could not be read from the disk. */
  | 'unreadable'
  /** An image whose bytes are damaged or cut short. */
  | 'corrupt-image'
  /** A zip whose structure or checksums are damaged. */
  | 'corrupt-zip'
  /** A tar, or its compression, that is damaged or cut short. */
  | 'corrupt-tar'
  /** A Parquet file whose structure is damaged, or of an encoding that is not read. */
  | 'corrupt-parquet'
  /** An IDX file with the wrong magic number, or bytes missing or left over. */
  | 'corrupt-idx'
  /** dataset.json is not what EDM2 writes. */
  | 'bad-json'
  /** A count or size above a bound that protects the process. */
  | 'too-large'
  | 'not-square'
  | 'not-power-of-two'
  /** An image of another size than the first one. */
  | 'mixed-size'
  /** An image with another number of channels, or of another kind, than the first one. */
  | 'mixed-channels'
  /** The resolution asked for is not what the data has, or cannot be made from it. */
  | 'wrong-resolution'
  /** A label that is not a class index or a list of numbers, or is out of range. */
  | 'bad-label'
  /** An image without a label while others have one. */
  | 'missing-label'
  /** A label whose image is not there. */
  | 'missing-image'
  /** Nothing can be written there: something else is. */
  | 'not-writable';

/** What a {@link DatasetError} is made of; its text is `<where>: expected <expected>, got <got>. <remedy>.` */
export interface DatasetErrorInit {
  readonly code: DatasetErrorCode;
  /** The function that the caller called. */
  readonly where: string;
  /** The file at fault, as a path that the user can open (for an entry of a zip: `set.zip/00000/img00000000.png`). */
  readonly file: string;
  readonly expected: string;
  readonly got: string;
  readonly remedy: string;
  readonly cause?: unknown;
}

/** A dataset that cannot be used as it is. `code` is stable; `file` names the culprit. */
export class DatasetError extends Error {
  readonly code: DatasetErrorCode;
  readonly file: string;
  /** Problems found, this one first, when there are several; otherwise empty. */
  readonly problems: readonly DatasetError[];

  constructor(init: DatasetErrorInit, problems: readonly DatasetError[] = [], count: number = problems.length) {
    const others = count > 1 ? ` ${describeOthers(problems.slice(1), count - 1)}` : '';
    super(
      `${init.where}: expected ${init.expected}, got ${init.got}. ${init.remedy}.${others}`,
      init.cause === undefined ? undefined : { cause: init.cause },
    );
    this.name = 'DatasetError';
    this.code = init.code;
    this.file = init.file;
    this.problems = problems;
    this.#init = init;
  }

  readonly #init: DatasetErrorInit;

  /** The same error, naming all `problems` of a check. @param count - how many there are, when not all are listed. */
  withProblems(problems: readonly DatasetError[], count: number = problems.length): DatasetError {
    return new DatasetError(this.#init, problems, count);
  }
}

/** What is wrong with a file that `openDataset` was given, or with an entry of it. */
export const openFailure = (
  code: DatasetErrorCode,
  file: string,
  expected: string,
  got: string,
  remedy: string,
  cause?: unknown,
): DatasetError =>
  new DatasetError({ code, where: 'openDataset', file, expected, got: `${got} in ${file}`, remedy, cause });

/** How many further files an error text names before it only counts. */
const MAX_NAMED = 3;

function describeOthers(others: readonly DatasetError[], count: number): string {
  const named = others.slice(0, MAX_NAMED).map((problem) => `${problem.file} (${problem.code})`);
  const rest = count - named.length;
  return `Also unusable: ${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}.`;
}

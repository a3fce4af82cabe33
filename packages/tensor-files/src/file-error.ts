import { dirname } from 'node:path';

/** What {@link explainFileError} is told beside the error. */
export interface FileErrorContext {
  /** Who speaks: a function's or a command's name. */
  readonly fn: string;
  /** The file that was asked for; default: the one that the system names. */
  readonly path?: string | undefined;
  /** What became of the work, such as `nothing was left half-written`. */
  readonly state?: string | undefined;
}

/** What was expected of the file, what the system's code means, and what can be done. */
type Words = (path: string) => readonly [expected: string, got: string, remedy: string];

const ELSEWHERE = 'or choose another folder';

const WORDS: Readonly<Record<string, Words>> = {
  ENOSPC: (path) => [`room on the disk for ${path}`, 'a full disk', `Free some space, ${ELSEWHERE}`],
  EDQUOT: (path) => [`room on the disk for ${path}`, 'a quota that is used up', `Delete files of yours, ${ELSEWHERE}`],
  EFBIG: (path) => [
    `room on the disk for ${path}`,
    'a file larger than this disk or user may have',
    `See ulimit -f, ${ELSEWHERE}`,
  ],
  EROFS: (path) => [`to write ${path}`, 'a read-only file system', 'Choose a folder on a disk that can be written to'],
  EACCES: (path) => [`to be permitted to use ${path}`, 'no permission', `Change its permissions, ${ELSEWHERE}`],
  EPERM: (path) => [`to be permitted to use ${path}`, 'no permission', `Change its permissions, ${ELSEWHERE}`],
  ENOENT: (path) => [
    `${path} to be there`,
    'no such file or folder',
    'Check the name; put it back if it was moved while the command ran',
  ],
  ENOTDIR: (path) => [`folders on the way to ${path}`, 'a file among them', 'Correct the path'],
  EISDIR: (path) => [`a file at ${path}`, 'a folder', 'Name a file'],
  EEXIST: (path) => [`nothing at ${path} yet`, 'a file or folder of that name', 'Move it away, or choose another name'],
  ENOTEMPTY: (path) => [`an empty folder at ${path}`, 'one with files in it', 'Empty it, or choose another name'],
  ENAMETOOLONG: (path) => [`a name that the disk can store, for ${path}`, 'too long a one', 'Choose a shorter one'],
  ELOOP: (path) => [`links that end, on the way to ${path}`, 'links that lead round', 'Correct them'],
  EMFILE: (path) => [
    `to open ${path}`,
    'too many open files',
    'Raise the limit (ulimit -n), or close what else is open',
  ],
  ENFILE: (path) => [`to open ${path}`, 'too many open files on this machine', 'Close what else is open'],
  EBUSY: (path) => [`to use ${path}`, 'a file that another program holds', 'Close that program, then try again'],
  ETXTBSY: (path) => [`to use ${path}`, 'a program that is running', 'End it, then try again'],
  EIO: (path) => [`the disk to read or write ${path}`, 'a failure of the device', 'Check the disk, then try again'],
  ESTALE: (path) => [
    `${path} on its network disk`,
    'a connection that is gone',
    'Mount the disk again, then try again',
  ],
  ENOTCONN: (path) => [`${path} on its network disk`, 'no connection', 'Mount the disk again, then try again'],
};

/** The system's code of a file error, such as `ENOSPC`; undefined for any other. */
export function fileErrorCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && Object.hasOwn(WORDS, code) ? code : undefined;
}

/**
 * A file system's error (a full or read-only disk, a missing or forbidden file, …) in plain words, with the file and what can be done.
 *
 * @param error - what was thrown.
 * @returns an error with the same `code` and the system's as its `cause`; any other error, and one that was explained before, as it is.
 */
export function explainFileError(error: unknown, { fn, path, state }: FileErrorContext): unknown {
  const code = fileErrorCode(error);
  if (code === undefined || !(error instanceof Error) || isExplained(error)) return error;
  const named = path ?? ('path' in error && typeof error.path === 'string' ? error.path : 'a file');
  const [expected, got, remedy] = (WORDS[code] as Words)(named);
  const text = `${fn}: expected ${expected}, got ${code} (${got}). ${remedy}${state ? `; ${state}` : ''}.`;
  return Object.assign(new Error(text, { cause: error }), { code, path: named });
}

/** Node's own errors name the call that failed; ours have a cause. */
const isExplained = (error: Error): boolean => !('syscall' in error) && error.cause !== undefined;

/** A write's error in plain words: where the folder is missing, that is what is said. */
export function explainWriteError(fn: string, path: string, error: unknown): unknown {
  const code = fileErrorCode(error);
  const missing = code === 'ENOENT' || code === 'ENOTDIR';
  return explainFileError(error, { fn, path: missing ? dirname(path) : path, state: 'nothing was left half-written' });
}

/** PROTO 2, LONG1 of ten bytes, the magic number. */
const LEGACY_TORCH = Buffer.from('80028a0a6cfc9c46f9206aa85019', 'hex');

/** Whether bytes begin as one of torch's files from before they were zips. */
export const isLegacyTorch = (head: Uint8Array): boolean => LEGACY_TORCH.equals(head.subarray(0, LEGACY_TORCH.length));

/** Beginnings of protocols 0 and 1, which have no mark of their own. */
const EARLY = [
  /^\([dlt](p\d+\n|q|\.)/s, // an empty container that is remembered, or all
  /^\(?[ci][\w.]+\n[\w.]+\n/, // a class
  /^\(?[IFLP][-+.\w]*\r?\n/, // a number
  /^\(?S(['"]).*\1\r?\n/, // a text of Python 2
  /^\(?V[^\n]*\n([p.(as]|V|I|S)/, // a text
  /^\(?[\]})][\].}()N0-9abeghjlpqrstuGIJKMTUVX]/, // a container of protocol 1
  /^\([(NGJKMTUX]/,
  /^N\./,
];

/**
 * Whether bytes begin as a pickle.
 *
 * @param last - the file's last byte, which is `.` in every pickle.
 */
export function looksLikePickle(head: Uint8Array, last: number | undefined): boolean {
  const [first, second = 0] = head;
  if (first === 0x80) return second >= 2 && second <= 5;
  if (last !== 0x2e) return false;
  const text = Buffer.from(head.subarray(0, 4096)).toString('latin1');
  return EARLY.some((pattern) => pattern.test(text));
}

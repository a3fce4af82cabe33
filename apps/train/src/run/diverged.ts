/** The loss was not finite. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';
}

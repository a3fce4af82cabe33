/** A file could not be had from the network. Another way to get it (pip) may still do. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError';
  /** True when the same request may well succeed a little later. */
  readonly passing: boolean;

  constructor(message: string, { passing = false, ...options }: ErrorOptions & { readonly passing?: boolean } = {}) {
    super(`install: ${message}`, options);
    this.passing = passing;
  }
}

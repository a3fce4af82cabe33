/** An image that cannot be used, or a place without images. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  /** `corrupt`: may be skipped; `refused`: a kind of image that the references do not treat alike; `missing`: nothing to read. */
  readonly code: 'corrupt' | 'refused' | 'missing';
  /** Path, or path in the zip. */
  readonly file: string;

  constructor(code: ImageError['code'], file: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.file = file;
  }
}

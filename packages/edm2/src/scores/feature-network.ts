import type { PixelBatch } from '../sample/images.js';

/** What a feature network says of images. */
export interface Judged {
  /** `[N, dims]`. */
  readonly features: Float32Array;
  /** Class of each image as the network reads it; absent where it does not classify. */
  readonly classes?: ArrayLike<number>;
  /** `[N, classes]`, before the softmax; absent where it does not classify. */
  readonly logits?: Float32Array;
}

/**
 * A network whose features images are compared on. Its name is part of every figure: distances on different features do not compare,
 * and only those on the 2015 Inception's are FID.
 */
export interface FeatureNetwork {
  /** Short: `classifier`, `inception`, `dinov2`. */
  readonly name: string;
  /** What the Fréchet distance on its features is called, such as `FID`. */
  readonly figure: string;
  readonly dims: number;
  /** Classes that it gives logits of; absent where it does not classify. */
  readonly classes?: number;
  /** Under which name statistics files hold its features; absent where no published format knows them. */
  readonly metric?: 'fid' | 'fd_dinov2';
  /** Tells these weights from others of the same name; stored with statistics and compared when they are read. */
  readonly fingerprint: string;
  /** @throws {RangeError} when it cannot read images of this shape. */
  judge(images: PixelBatch): Judged | Promise<Judged>;
  dispose(): void;
}

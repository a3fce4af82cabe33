/** A training of the demonstration. */
export interface Training {
  /** What its command is given, besides data, folder and durations. */
  readonly options: readonly string[];
  readonly batch: number;
  /** Images, where no time is given. */
  readonly duration: number;
  /** Share of the time that is given. */
  readonly share: number;
}

/** How much work the demonstration does. */
export interface DemoSize {
  /** Emoji that are used; the first of each kind. */
  readonly perKind: number;
  readonly vae: Training;
  readonly latent: Training;
  readonly rgb: Training;
  readonly steps: number;
  /** Images of a class that are drawn, shown and scored, and real ones that they are compared with. */
  readonly rows: number;
}

/** The whole, and one of seconds, to see that everything works. The same network for both: the latents' images have a sixteenth of the pixels. */
export const SIZES: Readonly<Record<'full' | 'smoke', DemoSize>> = {
  full: {
    perKind: Number.POSITIVE_INFINITY,
    vae: {
      options: ['--channels', '16,32,64', '--crop', '32', '--lr', '3e-3', '--kl', '5e-4'],
      batch: 16,
      duration: 262_144,
      share: 0.35,
    },
    latent: { options: ['--preset', 'mnist'], batch: 16, duration: 1_048_576, share: 0.55 },
    rgb: { options: ['--preset', 'mnist'], batch: 16, duration: 131_072, share: 0.1 },
    steps: 18,
    rows: 8,
  },
  smoke: {
    perKind: 6,
    vae: { options: ['--channels', '4,8,8', '--crop', '16', '--held-out', '8'], batch: 8, duration: 80, share: 0.3 },
    latent: { options: ['--preset', 'mnist'], batch: 8, duration: 48, share: 0.4 },
    rgb: { options: ['--preset', 'mnist', '--attn-resolutions', 'none'], batch: 2, duration: 4, share: 0.3 },
    steps: 2,
    rows: 2,
  },
};

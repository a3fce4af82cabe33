import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { InterruptedError } from '@edm2/command/errors';
import { openDataset } from '@edm2/dataset';
import { classesOf, type EmojiClass, shownClasses } from './classes.js';
import { drawCurves } from './curves.js';
import { type DemoRecord, writeRecord } from './demo-folder.js';
import { type Emoji, listEmoji } from './emoji.js';
import { type Drawn, showAndScore } from './pictures.js';
import type { DemoScore } from './score.js';
import type { DemoSize, Training } from './size.js';
import { runTraining, snapshotAt } from './trainings.js';
import { writeImages } from './write-images.js';

/** What came out. */
export interface DemoResult {
  readonly scores: readonly DemoScore[];
  /** Names of the classes that were drawn: the rows of the grids. */
  readonly shown: readonly string[];
}

/** What the demonstration is given. */
export interface DemoOptions {
  readonly outdir: string;
  readonly record: DemoRecord;
  readonly size: DemoSize;
  /** Folder of the package of emoji. */
  readonly emoji: string;
  /** Engine and threads, as arguments. */
  readonly engine: readonly string[];
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  /** Runs a command of `edm2`; rejects with an InterruptedError when it was interrupted. */
  run(args: readonly string[]): Promise<void>;
}

/** EMA length of what is drawn, and of what guides; the guide is the same network after a third of its training. */
const EMA = '0.100';
const GUIDANCE = { weight: '1.5', share: 1 / 3 };
/** How often trainings write: parts of each. */
const INTERVALS = { status: 64, checkpoint: 16 };
const PREVIEWS = { preview: 4 };
const SNAPSHOTS = { snapshot: 12 };
/** A preview of pixels takes minutes. */
const NO_PREVIEWS = ['--preview', '0'];

/** Kinds of each category that are drawn. */
const SHOWN_PER_CATEGORY = 2;

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * Emoji → autoencoder → latents → latent EDM2 → guided, decoded, scored; and an EDM2 of the images themselves beside it. Each step is a command
 * that anybody may type. What is there already is not done again.
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { outdir, size, engine, run, signal, say } = options;
  const at = (name: string): string => join(outdir, name);
  const [images, latents] = [at('images.zip'), at('latents.zip')];
  const emoji = firstOf(await listEmoji(options.emoji), size.perKind);
  const classes = classesOf(emoji);
  const shown = shownClasses(classes, SHOWN_PER_CATEGORY, 2 * size.rows);
  if (!(await exists(images))) {
    await writeImages(images, emoji, classes, signal);
    say(`${emoji.length} emoji of ${classes.length} kinds on white → ${images}`);
  } else await checkClasses(images, classes.length);
  let { record } = options;
  const train = async (
    name: string,
    training: Training,
    begin: string[],
    goOn: string[],
    intervals: Record<string, number>,
  ) => {
    const { minutes, durations } = record;
    await runTraining({
      training,
      outdir: at(name),
      begin: [...begin, ...engine],
      goOn: [...goOn, '--resume', ...engine],
      seconds: minutes > 0 ? minutes * 60 * training.share : undefined,
      duration: durations[name],
      intervals: { ...INTERVALS, ...intervals },
      run,
      async known(duration) {
        record = { ...record, durations: { ...record.durations, [name]: duration } };
        await writeRecord(outdir, record);
      },
    });
  };
  const seed = ['--seed', String(record.seed)];
  await train('autoencoder', size.vae, ['train', 'vae', '--data', images, ...seed], ['train', 'vae'], PREVIEWS);
  const vae = ['--vae', at('autoencoder')];
  if (!(await exists(latents)))
    await run(['dataset', 'encode', '--source', images, '--dest', latents, ...vae, '--batch', '32', ...engine]);
  await train('latent', size.latent, ['train', '--data', latents, ...seed], ['train'], { ...PREVIEWS, ...SNAPSHOTS });
  await train(
    'rgb',
    size.rgb,
    ['train', '--data', images, ...seed, ...NO_PREVIEWS],
    ['train', ...NO_PREVIEWS],
    SNAPSHOTS,
  );

  const seeds = [
    '--seeds',
    `0-${size.rows * shown.length - 1}`,
    '--class',
    shown.join(','),
    '--steps',
    String(size.steps),
  ];
  const guide = await snapshotAt(at('latent'), EMA, (record.durations['latent'] ?? 0) * GUIDANCE.share);
  const networks = [
    {
      name: 'latent EDM2, autoguidance',
      net: 'latent',
      file: 'latent-guided',
      more: ['--gnet', guide, '--guidance', GUIDANCE.weight, ...vae],
    },
    { name: 'latent EDM2, not guided', net: 'latent', file: 'latent', more: vae },
    { name: 'EDM2 of the pixels, not guided', net: 'rgb', file: 'rgb', more: [] },
  ];
  const drawn: Drawn[] = [];
  for (const { name, net, file, more } of networks) {
    const folder = at(join('drawn', file));
    const network = await snapshotAt(at(net), EMA, Number.MAX_SAFE_INTEGER);
    await run(['generate', '--net', network, ...more, ...seeds, '--outdir', folder, ...engine]);
    drawn.push({ name, folder, grid: at(`${file}.png`) });
  }
  const [first] = drawn;
  if (first && !(await exists(at('nearest.png'))))
    await run(['neighbours', '--images', first.folder, '--data', images, '--output', at('nearest.png'), ...engine]);
  if (signal.aborted) throw new InterruptedError('interrupted; everything done so far is kept');
  await drawCurves(outdir);
  const scores = await showAndScore(outdir, images, drawn, { rows: size.rows, shown });
  return { scores, shown: shown.map((index) => (classes[index] as EmojiClass).name) };
}

/** Refuses images of other classes, such as an earlier version's. */
async function checkClasses(images: string, count: number): Promise<void> {
  const dataset = await openDataset(images, { flags: {} });
  const { labelDim } = dataset;
  await dataset.close();
  if (labelDim !== count)
    throw new Error(
      `${images}: expected ${count} classes, one for each kind of emoji, got ${labelDim}. Choose another --outdir.`,
    );
}

/** So many of each kind. */
function firstOf(emoji: readonly Emoji[], most: number): Emoji[] {
  const seen = new Map<string, number>();
  return emoji.filter(({ kind }) => {
    const count = seen.get(kind) ?? 0;
    seen.set(kind, count + 1);
    return count < most;
  });
}

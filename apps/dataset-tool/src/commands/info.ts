import { DatasetError, describeDataset, type OpenedDataset, openDataset, verifyDataset } from '@edm2/dataset';
import { loadRawStatistics } from '@edm2/latent-vae/node';
import type { Command } from 'commander';
import { describeLatents, holdsLatents } from 'edm2/parts';
import { print } from '../say.js';
import { statisticsTable } from '../statistics-table.js';

interface InfoOptions {
  readonly acceptWarnings?: boolean;
  readonly verify?: boolean;
  readonly json?: boolean;
}

/** `edm2-dataset info`. */
export const addInfoCommand = (program: Command): Command =>
  program
    .command('info')
    .description('Say what a dataset holds.')
    .argument(
      '<path>',
      'folder, zip, IDX files, .npz or .npy of images; a path may lead into an archive (images.zip/train)',
    )
    .option('--verify', 'decode every file, and fail with the names of those that are damaged')
    .option('--accept-warnings', 'use images that decode although the decoder warns of damage', false)
    .option('--json', 'print one JSON object')
    .action((path: string, options: InfoOptions) => infoCommand(path, options));

async function infoCommand(path: string, { verify, json, acceptWarnings = false }: InfoOptions): Promise<void> {
  const flags = { acceptWarnings: '--accept-warnings' };
  const dataset = await openDataset(path, { cacheBytes: 0, acceptWarnings, flags });
  try {
    const { checked, warnings } = verify
      ? { checked: 'every file decodes', warnings: (await verifyDataset(dataset)).warnings }
      : { checked: await lookAtSome(dataset), warnings: [] };
    const latents = holdsLatents(dataset) ? await describeLatents(dataset) : undefined;
    const statistics = latents ? await loadRawStatistics(path).catch(() => undefined) : undefined;
    if (json) {
      const { kind, length, resolution, channels, dtype, labelKind, labelDim, classNames, fingerprint } = dataset;
      const about = { kind, length, resolution, channels, dtype, labelKind, labelDim, classNames, fingerprint };
      const decided = { report: dataset.report, conversions: dataset.conversions(), checked };
      return print(
        JSON.stringify({
          ...about,
          ...decided,
          ...(latents ? { latents } : {}),
          ...(statistics ? { statistics } : {}),
        }),
      );
    }
    const { images, labels, leftOut } = describeDataset(dataset, latents ? { noun: 'latents' } : {});
    const lines: [string, string][] = [
      ['holds', images],
      ['labels', labels],
      ['left out', leftOut],
      ['checked', checked],
      ...warnings.map((warning): [string, string] => ['note', warning]),
      ['fingerprint', dataset.fingerprint],
    ];
    if (latents) {
      const { vae, sha256, normalizer } = latents;
      lines.push(
        ['autoencoder', `${vae}${sha256 ? ` (SHA-256 of its weights ${sha256})` : ', not named by the dataset'}`],
        ['standardised by', `mean ${list(normalizer.rawMean)}, deviation ${list(normalizer.rawStd)}`],
      );
    }
    for (const [name, value] of lines) print(`${name.padEnd(16)} ${value}`);
    if (statistics)
      print(`\nmeasured over ${statistics.pixels.toLocaleString('en')} latent pixels:\n${statisticsTable(statistics)}`);
  } finally {
    await dataset.close();
  }
}

const list = (values: readonly number[]): string => `[${values.map((value) => Number(value.toFixed(3))).join(', ')}]`;

/** Images that are decoded when not all are asked for: enough to see what is done to them. */
const SOME = 64;

/** Decodes images from the first to the last, evenly spread. @returns what came of it. */
async function lookAtSome(dataset: OpenedDataset): Promise<string> {
  const count = Math.min(SOME, dataset.sourceLength);
  try {
    for (let i = 0; i < count; i++) await dataset.read(Math.floor((i * dataset.sourceLength) / count));
  } catch (error) {
    if (error instanceof DatasetError) return `not usable: ${error.message}`;
    throw error;
  }
  return count === dataset.sourceLength ? 'every file decodes' : `${count} of them, which decode; all with --verify`;
}

import { describeLatents, holdsLatents } from '@edm2/app-kit/latents/describe-latents';
import { type Dataset, openDataset, verifyDataset } from '@edm2/dataset';
import { loadRawStatistics } from '@edm2/latent-vae/node';
import type { Command } from 'commander';
import { print } from '../say.js';
import { statisticsTable } from '../statistics-table.js';

interface InfoOptions {
  readonly verify?: boolean;
  readonly json?: boolean;
}

/** `edm2-dataset info`. */
export const addInfoCommand = (program: Command): Command =>
  program
    .command('info')
    .description('Say what a dataset holds.')
    .argument('<path>', 'folder, zip or IDX files')
    .option('--verify', 'decode every file, and fail with the names of those that are damaged')
    .option('--json', 'print one JSON object')
    .action((path: string, options: InfoOptions) => infoCommand(path, options));

async function infoCommand(path: string, { verify, json }: InfoOptions): Promise<void> {
  const dataset = await openDataset(path, { cacheBytes: 0 });
  try {
    if (verify) await verifyDataset(dataset);
    const latents = holdsLatents(dataset) ? await describeLatents(dataset) : undefined;
    const statistics = latents ? await loadRawStatistics(path).catch(() => undefined) : undefined;
    if (json) {
      const { kind, length, resolution, channels, dtype, labelKind, labelDim, classNames, fingerprint } = dataset;
      const about = { kind, length, resolution, channels, dtype, labelKind, labelDim, classNames, fingerprint };
      return print(
        JSON.stringify({ ...about, ...(latents ? { latents } : {}), ...(statistics ? { statistics } : {}) }),
      );
    }
    const { resolution: side, channels } = dataset;
    const lines: [string, string][] = [
      [
        'holds',
        `${dataset.length} ${latents ? 'latents' : 'images'} in a ${dataset.kind}${verify ? ', every one intact' : ''}`,
      ],
      [
        'size',
        latents
          ? `${side}×${side}, ${channels / 2} channels (means and deviations)`
          : `${side}×${side}, ${channels} channel${channels > 1 ? 's' : ''}`,
      ],
      ['labels', labelsText(dataset)],
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

function labelsText({ labelKind, labelDim, classNames }: Dataset): string {
  if (labelKind === 'none') return 'none';
  if (labelKind === 'vector') return `vectors of ${labelDim} numbers`;
  return `${labelDim} classes${classNames.length > 0 ? `: ${classNames.join(', ')}` : ''}`;
}

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { app } from '../tsup.app.js';

/** What CONTRIBUTING.md says of additions, done: sources are changed as a developer would, bundled with the apps, and asked. */
interface Addition {
  /** Texts put after others, by file: what a developer touches. */
  readonly edits: Readonly<Record<string, readonly (readonly [after: string, added: string])[]>>;
}

const ADDITIONS = {
  'a config': {
    edits: {
      'packages/edm2-unet/src/ladder.ts': [
        ['  gains: true,\n};\n', '/** Not of the paper. */\nconst H: Vocabulary = { ...G, cat: plainCat };\n'],
        ['export const ladder = { A, B, C, D, E, F, G', ', H'],
        ["G: '+ magnitude-preserving fixed-function layers',", "\n  H: '+ plain concatenations',"],
      ],
    },
  },
  'a switch': {
    edits: {
      'packages/edm2-unet/src/switches.ts': [
        ['const SETTINGS: Settings = {', '\n  clamp: { some: { clipAct: A.clipAct }, none: { clipAct: null } },'],
      ],
    },
  },
  'a hyper-parameter': {
    edits: {
      'apps/train/src/options/training-settings.ts': [
        [
          'export const TRAINING_SETTINGS = {',
          `
  weightDecay: setting({
    flags: '--weight-decay <x>',
    help: 'decoupled weight decay',
    read: numeric,
    schema: z.number().nonnegative().default(0),
    otherwise: () => 0.25,
    wrong: (x) => (x >= 0 ? undefined : \`expected a share, 0 for none, got \${x}. Correct it.\`),
  }),`,
        ],
      ],
    },
  },
  'a weight of the loss': {
    edits: {
      'packages/loss-weighting/src/weights.ts': [
        [
          "import * as tf from '@tensorflow/tfjs-core';\n",
          'export const flatWeight: LossWeight = (sigma) => tf.onesLike(sigma);\n',
        ],
      ],
      'packages/loss-weighting/src/index.ts': [['  edmWeight,\n', '  flatWeight,\n']],
    },
  },
  'a sampler': {
    edits: {
      'packages/sampler/src/solvers.ts': [
        ["import { heun } from './heun.js';\n", "import { midpoint } from './midpoint.js';\n"],
        ['export const solvers = { heun, euler, dpmpp2m', ', midpoint'],
      ],
      'packages/sampler/src/midpoint.ts': [
        [
          '',
          "import { euler } from './euler.js';\nexport const midpoint: typeof euler = (...args) => euler(...args);\n",
        ],
      ],
    },
  },
  'a metric': {
    edits: {
      'packages/fid/src/metrics/metrics.ts': [
        ["import { vendi } from './vendi.js';\n", "import { images } from './images.js';\n"],
        ['const record = { fd, sfd, kid, pr, dc, is, vendi', ', images'],
      ],
      'packages/fid/src/metrics/images.ts': [
        [
          '',
          `export const images = {
  help: 'number of images',
  needs: [],
  figures: { images: { title: () => 'images', better: 'higher' } },
  compute: ({ fake }) => ({ images: { value: fake.n } }),
  warns: () => undefined,
};
`,
        ],
      ],
    },
  },
} satisfies Record<string, Addition>;

const root = fileURLToPath(new URL('../', import.meta.url));

/** Asked of the bundle: prints what it found as JSON. */
const QUESTIONS = `
import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { CONFIG_NAMES, createUNet, SWITCH_NAMES } from '@edm2/edm2-unet';
import * as weights from '@edm2/loss-weighting';
import { adam, createTrainStep, trainingLadder } from '@edm2/training';
import { measureMetrics } from '@edm2/fid';
import { Command } from 'commander';
import { addFigureOptions } from '../../../../packages/fid/src/node/cli/options.js';
import { withMetrics } from '../../../evaluate/src/options/feature-options.js';
import { withModelOptions } from '../../../evaluate/src/options/model-options.js';
import { ladderTable } from '../../src/ladder/table.js';
import { FULL, ladderRun } from '../../src/ladder/settings.js';
import { ON_RESUME } from '../../src/options/on-resume.js';
import { resolveRunConfig } from '../../src/options/resolve.js';
import { runConfigSchema } from '../../src/options/run-config.js';
import { createProgram } from '../../src/program.js';

const dataset = { path: 'data', resolution: 16, channels: 1, labelDim: 10, dtype: 'uint8', fingerprint: 'f' };
const shape = { imgResolution: 4, imgChannels: 1, modelChannels: 8, channelMult: [1], numBlocks: 1, attnResolutions: [] };
const attempt = (work) => { try { return work(); } catch (error) { return String(error.message); } };
const program = createProgram();
const spread = { mean: 1, std: 0, draws: 1 };
const about = { ...FULL, resolution: 16, real: { frechet: 0, labelAgreement: 1, n: 1 }, command: '', machine: '', engine: '', finished: '' };
const rung = (config) => ({ config, frechet: spread, frechetPower: spread, labelAgreement: spread, finalLoss: spread, parameters: 1, gflops: 1,
  bestSigmaRel: 0.1, curve: [], n: 1, trainings: [], paper: trainingLadder[config]?.paper });
const loss = attempt(() => {
  const step = createTrainStep({ unet: createUNet(shape), optimizer: adam(), weight: weights.flatWeight });
  const image = tf.zeros([1, 4, 4, 1]);
  const batch = { images: image, noise: tf.onesLike(image), sigma: tf.tensor1d([2]), learningRate: tf.scalar(0), t: tf.scalar(1), dt: tf.scalar(1) };
  return step.step(step.init(0), batch).metrics.rawLoss.dataSync()[0];
});
console.log(JSON.stringify({
  help: program.helpInformation(),
  ladderHelp: program.commands.find((command) => command.name() === 'ladder').helpInformation(),
  evaluateHelp: attempt(() => withModelOptions(new Command('x')).helpInformation()),
  metricsHelp: [withMetrics, addFigureOptions].map((add) => add(new Command('x')).helpInformation()),
  metric: attempt(() => measureMetrics({ n: 7 }, {}, { metrics: ['images'], network: { name: 'inception', dims: 1 } })),
  configs: FULL.configs,
  run: attempt(() => runConfigSchema.parse(ladderRun(CONFIG_NAMES.at(-1), FULL, dataset))),
  table: attempt(() => ladderTable([rung(CONFIG_NAMES.at(-1))], about)),
  recipes: trainingLadder,
  switches: SWITCH_NAMES,
  clipped: attempt(() => createUNet({ ...shape, clamp: 'none' }).vocabulary.clipAct),
  config: attempt(() => resolveRunConfig({}, dataset)),
  refused: attempt(() => resolveRunConfig({ weightDecay: -1 }, dataset)),
  onResume: ON_RESUME.weightDecay,
  loss,
}));
`;

interface Answers {
  readonly help: string;
  readonly ladderHelp: string;
  readonly evaluateHelp: string;
  readonly metricsHelp: readonly string[];
  readonly metric: unknown;
  readonly configs: readonly string[];
  readonly run: Readonly<Record<string, unknown>>;
  readonly table: string;
  readonly recipes: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly switches: readonly string[];
  readonly clipped: unknown;
  readonly config: Readonly<Record<string, unknown>>;
  readonly refused: unknown;
  readonly onResume: unknown;
  readonly loss: number;
}

/** Bundles the apps with some files changed, and asks. */
async function ask(additions: readonly Addition[]): Promise<Answers> {
  const changed = new Map<string, string>();
  for (const { edits } of additions)
    for (const [file, pairs] of Object.entries(edits)) {
      const path = join(root, file);
      let text = pairs[0]?.[0] === '' ? '' : (changed.get(path) ?? readFileSync(path, 'utf8'));
      for (const [after, added] of pairs) {
        if (!text.includes(after)) throw new Error(`${file}: expected ${JSON.stringify(after)}. Mend the test.`);
        text = after === '' ? added : text.replace(after, (found) => found + added);
      }
      changed.set(path, text);
    }
  const entry = join(scratch, 'asked.ts');
  writeFileSync(entry, QUESTIONS);
  await build({
    ...app,
    entry: { asked: entry },
    outDir: scratch,
    config: false,
    silent: true,
    esbuildPlugins: [
      {
        name: 'additions',
        setup(esbuild) {
          const added = [...changed.keys()];
          for (const file of ['midpoint', 'images'])
            esbuild.onResolve({ filter: new RegExp(`^\\./${file}\\.js$`) }, ({ importer }) => {
              const path = join(dirname(importer), `${file}.ts`);
              return added.includes(path) ? { path } : undefined;
            });
          esbuild.onLoad({ filter: /\.ts$/ }, ({ path }) => {
            const contents = changed.get(path);
            return contents === undefined ? undefined : { contents, loader: 'ts' };
          });
        },
      },
    ],
  });
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(scratch, 'asked.js')], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout.slice(stdout.lastIndexOf('\n{') + 1));
}

// Where the packages that stay outside the bundle are found.
const scratch = mkdtempSync(join(root, 'apps/train/node_modules/.additions-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let before: Answers;
let after: Answers;
beforeAll(async () => {
  before = await ask([]);
  after = await ask(Object.values(ADDITIONS));
});

describe('what is added where CONTRIBUTING.md says appears everywhere:', () => {
  test('a config', () => {
    expect(before.configs.join('')).toBe('ABCDEFG');
    expect(after.configs.join('')).toBe('ABCDEFGH');
    expect(after.help.replace(/\s+/g, ' ')).toContain(
      '--config <letter> config of the ladder (choices: A, B, C, D, E, F, G, H)',
    );
    expect(after.ladderHelp).toContain('Trains configs A to H');
    expect(after.run['config']).toBe('H');
    expect(after.table).toContain('| H + plain concatenations |');
    // Trained as the one before it; without figures of the paper.
    const { paper: _, ...recipe } = after.recipes['G'] ?? {};
    expect(after.recipes['H']).toEqual(recipe);
    expect(after.recipes['G']).toEqual(before.recipes['G']);
  });

  test('a switch', () => {
    expect(before.switches).not.toContain('clamp');
    expect(after.switches).toContain('clamp');
    expect(before.clipped).toMatch(/got clamp/);
    expect(after.clipped).toBe(null);
  });

  test('a hyper-parameter', () => {
    expect(before.help).not.toContain('--weight-decay');
    expect(after.help).toContain('--weight-decay <x>');
    expect(after.config['weightDecay']).toBe(0.25);
    expect(after.run['weightDecay']).toBe(0.25);
    expect(after.refused).toBe('--weight-decay: expected a share, 0 for none, got -1. Correct it.');
    expect(after.onResume).toEqual({ option: '--weight-decay', may: false });
  });

  test('a weight of the loss', () => {
    // A network that draws nothing yet: the error is (c_skip·σ)², with EDM's weight it is multiplied by 1/σ² + 4.
    expect(after.loss * (1 / 4 + 4)).toBeCloseTo(before.loss, 4);
  });

  test('a sampler', () => {
    expect(before.evaluateHelp).toContain('--solver <name>');
    expect(before.evaluateHelp).not.toContain('midpoint');
    expect(after.evaluateHelp).toMatch(/--solver <name>.*midpoint/s);
  });

  test('a metric', () => {
    for (const help of before.metricsHelp) expect(help).not.toContain('images (number of');
    for (const help of after.metricsHelp) expect(help.replace(/\s+/g, ' ')).toContain('images (number of images)');
    expect(before.metric).toMatch(/undefined/);
    expect(after.metric).toEqual({ images: { value: 7 } });
  });
});

test.each(Object.entries<Addition>(ADDITIONS))('%s touches as many files as the table says', (name, { edits }) => {
  const table = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  const rows = [...table.matchAll(/^\| (an? [^|]*?) +\| (\d)[^|]*\| (.*) \|$/gm)];
  const [, , count, where = ''] = rows.find(([, row]) => row === name) ?? [];
  expect(Number(count)).toBe(Object.keys(edits).length);
  for (const file of Object.keys(edits))
    expect(where).toContain(/(midpoint|images)\.ts$/.test(file) ? 'its own' : `\`${file}\``);
});

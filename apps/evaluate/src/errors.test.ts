import '@tensorflow/tfjs';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { goldenPath } from '@edm2/test-support';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from './program.js';
import { writeRun } from './run.fixture.js';

// Every error that a user's files and names lead to: what it says, and that it speaks the command's language, not the library's.

const scratch = mkdtempSync(join(tmpdir(), 'edm2-errors-'));
const before = process.cwd();
beforeAll(async () => {
  process.chdir(scratch);
  await writeRun('.');
  for (const name of ['empty', 'foreign', 'photos', 'rgb']) mkdirSync(name);
  for (const name of ['a', 'b']) cpSync('classifier.safetensors', `foreign/${name}.safetensors`);
  const png = (side: number, channels: 1 | 3) =>
    encode({ width: side, height: side, channels, depth: 8, data: new Uint8Array(side * side * channels).fill(7) });
  for (let i = 0; i < 4; i++) {
    writeFileSync(`photos/${i}.png`, png(16, 1));
    writeFileSync(`rgb/${i}.png`, png(32, 3));
  }
  mkdirSync('snaps');
  for (const [width, height] of [
    [40, 30],
    [20, 36],
  ] as const)
    writeFileSync(
      `snaps/${width}.png`,
      encode({ width, height, channels: 3, depth: 8, data: new Uint8Array(width * height * 3) }),
    );
  cpSync(NET, 'cut.safetensors');
  truncateSync('cut.safetensors', 600_000);
  cpSync(goldenPath('samples-tiny.npz'), 'samples.npz');
  writeFileSync('lfs.safetensors', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n');
  writeFileSync('page.safetensors', '<!DOCTYPE html><html></html>');
  writeFileSync('nothing.safetensors', '');
  writeFileSync('text.pkl', 'text');
  writeFileSync('image.safetensors', png(8, 1));
  cpSync(goldenPath('dataset-tiny-rgb.zip'), 'zip.safetensors');
});
afterAll(() => {
  process.chdir(before);
  rmSync(scratch, { recursive: true, force: true });
});

const printed = keepPrinted();
const NET = 'run/network-snapshot-0000002-0.100.safetensors';
const FAST = ['--steps', '2', '--seeds', '0', '--engine', 'onnxruntime', '--threads', '1', '--grid', 'never.png'];
const generate = (...argv: string[]) => ['generate', ...FAST, ...argv];
const JUDGE = ['--features', 'classifier.safetensors'];
const SCORED = [...JUDGE, '--ref', 'reference.safetensors'];
const calc = (...argv: string[]) => ['metrics', 'calc', ...argv];

/** What was printed beside notes of the work. */
const message = (): string =>
  printed.text
    .split('\n')
    .filter((line) => line !== '' && !/^(engine|scoring|drawing|looking|preset|licence| {2}|holds|labels)/.test(line))
    .join('\n');

describe.each<[string, readonly [argv: readonly string[], code: number, message: RegExp][]]>([
  [
    'a network',
    [
      [
        generate('--net', 'gone'),
        2,
        /^--net: expected a network snapshot, a run's folder or an installed network such as digits, got nothing at gone\. Check the name\.$/,
      ],
      [
        generate('--net', 'empty'),
        2,
        /^--net: expected a network snapshot, got the folder empty, which holds none\. Name a file, or a run's folder\.$/,
      ],
      [
        generate('--net', 'foreign'),
        2,
        /^--net: expected the snapshots of one run, got the folder foreign, whose files have no time .* Name a file in it: a\.safetensors, b\.safetensors\.$/,
      ],
      [
        generate('--net', NET, '--sigma-rel', '0.1'),
        2,
        /^--sigma-rel: expected a run's folder beside it, got the file/,
      ],
      [
        generate('--net', 'run', '--sigma-rel', '0'),
        2,
        /^--sigma-rel: expected an EMA length above 0 and below 0\.2887, got 0\./,
      ],
      [generate('--net', 'run', '--sigma-rel', '0.4'), 2, /^--sigma-rel: .* got 0\.4\./],
      [generate('--net', 'run', '--gsigma-rel', '0.1'), 2, /^--gsigma-rel: expected --gnet and --guidance as well/],
      [generate('--net', `${NET}/x`), 1, /^--net: expected folders on the way to .*, got ENOTDIR/],
      [generate('--net', 'cut.safetensors'), 1, /^edm2-evaluate: expected the data of .*cut\.safetensors/],
      [generate('--net', 'lfs.safetensors'), 1, /Git LFS pointer/],
      [generate('--net', 'page.safetensors'), 1, /HTML/],
      [generate('--net', 'image.safetensors'), 1, /got a picture \(PNG\)\. .*image\.safetensors/],
      [generate('--net', 'zip.safetensors'), 1, /zip/],
      [generate('--net', 'nothing.safetensors'), 1, /nothing\.safetensors/],
      [generate('--net', 'text.pkl'), 1, /text\.pkl/],
      [
        generate('--net', 'classifier.safetensors'),
        1,
        /^classifier\.safetensors: expected the metadata field config .* Is it a network snapshot\?$/,
      ],
      [
        generate('--net', NET, '--gnet', 'gone', '--guidance', '2'),
        2,
        /^--gnet: expected a network snapshot, .* got nothing at gone/,
      ],
      [
        generate('--net', NET, '--gnet', 'reference.safetensors', '--guidance', '2'),
        1,
        /^reference\.safetensors: expected/,
      ],
      [generate('--net', NET, '--class', '10'), 2, /^--class: expected classes below 10, got 10\. Choose from 0-9\.$/],
      [generate('--preset', 'edm2'), 2, /^--preset: expected a published setting, got edm2\. List them: .* presets\./],
      [
        generate('--preset', 'edm2-img64-s-fid', '--models', 'empty'),
        2,
        /^--models: expected edm2-img64-s-.* in empty, got/,
      ],
      [['convert'], 2, /missing required argument 'snapshot'/],
      [['convert', 'gone.pkl'], 2, /^convert: expected a network snapshot of NVIDIA, got no file at gone\.pkl/],
      [
        ['convert', 'text.pkl', '--output', 'x.pkl'],
        2,
        /^--output: expected a file name ending in \.safetensors, got x\.pkl/,
      ],
      [['convert', 'text.pkl'], 1, /text\.pkl/],
      [['magnitudes', 'run'], 2, /^magnitudes: expected the folder of a run with magnitudes\.jsonl, got run/],
    ],
  ],
  [
    'where results go',
    [
      [['generate', '--net', NET], 2, /^--outdir: expected a folder, or --grid and a file, got neither/],
      [generate('--net', NET, '--grid', 'empty/'), 2, /^--grid: expected a file name ending in \.png/],
      [generate('--net', NET, '--grid', `${NET}/a.png`), 1, /^--grid: expected folders on the way to .*ENOTDIR/],
      [generate('--net', NET, '--outdir', NET), 2, /^--outdir: expected a folder, got .*, a file\./],
      [['metrics', 'ref', '--data', 'photos', ...JUDGE], 2, /^--dest: expected a file name ending in .*, got nothing/],
      [['metrics', 'ref', '--data', 'photos', ...JUDGE, '--dest', 'x.txt'], 2, /^--dest: .*got x\.txt\. Name one\.$/],
      [
        ['metrics', 'ref', '--data', 'photos', ...JUDGE, '--dest', 'reference.safetensors'],
        2,
        /^--dest: expected a new file/,
      ],
      [
        ['metrics', 'ref', '--data', 'photos', ...JUDGE, '--dest', 'x.npz'],
        2,
        /^--dest: expected \.safetensors for statistics of classifier/,
      ],
    ],
  ],
  [
    'images and what they are compared by',
    [
      [calc(), 2, /^--images: expected a folder, a zip or an array of images, got nothing/],
      [
        calc('--images', 'photos'),
        2,
        /^--features: expected the weights of a feature network, got nothing\. .* weights says where Inception's .* are fetched.*; the main job/,
      ],
      [
        calc('--images', 'photos', '--features', 'gone'),
        2,
        /^--features: expected a feature network's weights, got no file at gone.* Check the name\. .*fid.* weights says where Inception's \(FID, 91 MB\)/,
      ],
      [calc('--images', 'photos', '--features', 'run'), 2, /^--features: .*got the folder run\. Name a file in it/],
      [calc('--images', 'photos', '--features', 'cut.safetensors', '--ref', 'photos'), 1, /cut\.safetensors/],
      [
        calc('--images', 'photos', '--features', NET, '--ref', 'photos'),
        2,
        /^--features: expected weights of .*, got run\/.* of none/,
      ],
      [
        calc('--images', 'photos', ...JUDGE),
        2,
        /^--ref: expected real images or their statistics, got nothing\. .*metrics ref --help$/,
      ],
      [
        calc('--images', 'photos', ...JUDGE, '--ref', 'gone'),
        2,
        /^--ref: expected real images or their statistics, got nothing at gone/,
      ],
      [
        calc('--images', 'photos', ...JUDGE, '--ref', 'gone.safetensors'),
        2,
        /^--ref: .* got nothing at gone\.safetensors/,
      ],
      [
        calc('--images', 'photos', ...JUDGE, '--ref', 'text.pkl'),
        1,
        /^edm2-evaluate: expected a \.safetensors file, .*got text\.pkl/,
      ],
      [
        calc('--images', 'photos', ...JUDGE, '--ref', 'classifier.safetensors'),
        1,
        /expected a file of format edm2-reference-1, got/,
      ],
      [calc('--images', 'photos', ...JUDGE, '--ref', 'empty'), 1, /got none in empty/],
      [
        calc('--images', 'photos', ...SCORED, '--metrics', 'kid'),
        2,
        /^--ref: expected real images, or statistics with their features/,
      ],
      [calc('--images', 'photos', ...SCORED, '--metrics', 'fidd'), 2, /--metrics <list>.* Expected any of fd, sfd/],
      [
        calc('--images', 'photos', ...SCORED, '--metrics', 'fid'),
        2,
        /^--metrics: expected figures on the features of classifier/,
      ],
      [
        calc('--images', 'photos', ...SCORED, '--num', '9'),
        2,
        /^--num: expected at least 2 and at most 4 images, got 9 of 4/,
      ],
      [calc('--images', 'photos', ...SCORED, '--split', 'test'), 1, /split/],
      [calc('--images', 'gone', ...SCORED), 1, /gone/],
      [calc('--images', 'empty', ...SCORED), 1, /empty/],
      [
        calc('--images', 'rgb', ...SCORED),
        1,
        /expected grey images of 16×16, got 32×32×3\. Take a feature network that fits/,
      ],
      ...(
        [
          ['--images', calc('--images', 'snaps', ...SCORED)],
          ['--ref', calc('--images', 'photos', ...JUDGE, '--ref', 'snaps')],
          ['--data', ['metrics', 'ref', '--data', 'snaps', '--dest', 'snaps.safetensors', ...JUDGE]],
          ['--data', ['neighbours', '--images', 'photos', '--data', 'snaps', '--output', 'never.png']],
        ] as const
      ).map(([option, argv]): [readonly string[], number, RegExp] => [
        argv,
        2,
        new RegExp(
          `^${option}: expected .*images of .*, got images of 20×36 to 40×30 in snaps\\. Convert them, then name snaps-16\\.zip: .*convert --source snaps --dest snaps-16\\.zip --transform center-crop-dhariwal --resolution 16x16$`,
        ),
      ]),
      [['metrics', 'gen', '--net', NET], 2, /^--features: expected the weights/],
      [['metrics', 'gen', '--net', NET, ...JUDGE], 2, /^--ref: expected real images/],
      [['metrics', 'gen', ...SCORED], 2, /^--net: expected a network snapshot, got nothing/],
    ],
  ],
])('%s', (_, cases) => {
  test.each(cases)('%j', async (argv, code, expected) => {
    const ended = await runProgram(argv);
    expect(message()).toMatch(expected);
    expect(ended, message()).toBe(code);
    expect(existsSync('never.png')).toBe(false);
    // Neither names of functions and options of the library, nor a stack.
    expect(message().replaceAll(scratch, '')).not.toMatch(/\b[a-z]+[A-Z]\w*|\n {4}at |\bReport this\b/);
  });
});

test('an array of samples is a set of images, and a reference', async () => {
  expect(await runProgram(calc('--images', 'samples.npz', ...SCORED)), printed.text).toBe(0);
  expect(printed.text).toMatch(/n = 4, one draw/);
  expect(await runProgram(calc('--images', 'samples.npz', ...JUDGE, '--ref', 'samples.npz')), printed.text).toBe(0);
  expect(printed.text).toMatch(/^Fréchet distance \(classifier features\) {2}0 {3}n = 4/m);
  expect(readFileSync('samples.npz')).toEqual(readFileSync(goldenPath('samples-tiny.npz')));
});

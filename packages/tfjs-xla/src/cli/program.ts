import type { ExitCode } from '@edm2/command/errors';
import { formatBytes } from '@edm2/command/format-bytes';
import type { Io } from '@edm2/command/io';
import { styled } from '@edm2/command/program-style';
import { ownCommand } from '@edm2/command/typed';
import { addRemove, asTyped, runLibraryCommand, showInstall } from '@edm2/wheels/command';
import type { InstallSources } from '@edm2/wheels/install';
import { Command } from 'commander';
import { OFFERED } from '../plugins/catalogue.js';
import { FOLDER_VARIABLE } from '../plugins/folders.js';
import { type Info, info, type OpenedPlugin, openHere, type PluginInfo } from '../plugins/info.js';
import { install, remove } from '../plugins/install.js';
import { type FoundPlugin, KINDS, type Kind } from '../plugins/locate.js';
import { openApart } from '../plugins/open-apart.js';

const NAME = 'tfjs-xla';

type InstallFlags = Partial<Record<Kind, boolean>> & { readonly directory?: string; readonly alone?: boolean };

interface InfoFlags {
  readonly directory?: string;
  readonly plugin?: string;
  readonly json?: boolean;
}

/**
 * Runs the `tfjs-xla` command.
 *
 * @param args - without node and script.
 * @param sources - what tests put in the place of the network; and `words`, what this command is in another one.
 */
export const runCommand = (
  args: readonly string[],
  io: Io,
  { words = [], ...sources }: InstallSources & { words?: readonly string[] } = {},
): Promise<ExitCode> => runLibraryCommand(createProgram(io, sources, words), args, io);

/** What each kind is, for the help. */
const WORDS: Readonly<Record<Kind, string>> = {
  cpu: 'for the CPU (63 MB; the default)',
  cuda13: 'for NVIDIA’s GPUs with CUDA 13 and all of its libraries (2.2 GB; not yet run on a GPU)',
  cuda12: 'for NVIDIA’s GPUs with CUDA 12, whose libraries must be there (188 MB; not yet run)',
  rocm: 'for AMD’s GPUs with ROCm 10, which must be there (140 MB; not yet run)',
  tpu: 'for Google’s TPUs',
  oneapi: 'for Intel’s GPUs with oneAPI, which must be there (135 MB; not yet run)',
};

export function createProgram(io: Io, sources: InstallSources, words: readonly string[] = []): Command {
  const program = styled(new Command(NAME), io)
    .description(
      'Fetch PJRT plugins, which hold the XLA compiler, for @edm2/tfjs-xla, out of Python wheels. No Python runs.',
    )
    .addHelpText(
      'after',
      `\nA plugin that is here already is found and preferred: PJRT_PLUGIN_LIBRARY_PATH, or JAX in the active Python environment.\nInstallations are kept in the user's cache folder; --directory or ${FOLDER_VARIABLE} names another one.\nWheels come from the package index of pip's settings (PIP_INDEX_URL, pip.conf).`,
    );
  const installing = program.command('install').description('download, check and unpack a plugin');
  for (const kind of KINDS)
    installing.option(
      `--${kind}`,
      OFFERED.includes(kind) ? WORDS[kind] : `${WORDS[kind]}: not offered, says where to get it`,
    );
  installing.option(
    '--alone',
    'of --cuda13: without NVIDIA’s libraries (233 MB), for machines that have them or compile only',
  );
  installing.option('--directory <folder>', 'where to').action((flags: InstallFlags) => runInstall(flags, io, sources));
  program
    .command('info')
    .description('which plugins are where, their versions and devices, and what is missing')
    .option('--plugin <file>', 'look at this one too')
    .option('--directory <folder>', 'where installations are')
    .option('--json', 'as JSON')
    .action((flags: InfoFlags) => runInfo(flags, io, words));
  addRemove(program, io, remove);
  program
    .command('open', { hidden: true })
    .argument('<plugin>')
    .action((found: string) => io.out(JSON.stringify(openHere(JSON.parse(found) as FoundPlugin))));
  return program;
}

async function runInstall(
  { directory, alone, ...flags }: InstallFlags,
  io: Io,
  sources: InstallSources,
): Promise<void> {
  const wanted = KINDS.filter((kind) => flags[kind] === true);
  for (const kind of wanted.length === 0 ? (['cpu'] as const) : wanted)
    await showInstall(io, async (onProgress) => {
      const made = await install(
        {
          kind,
          alone: alone === true && kind === 'cuda13',
          ...(directory && { directory }),
          onProgress,
          signal: io.signal,
        },
        sources,
      );
      return { ...made, what: `XLA ${made.version} for ${kind}` };
    });
}

function runInfo({ json, ...options }: InfoFlags, { out }: Io, words: readonly string[]): void {
  const found = info(options, openApart(words));
  out(json ? JSON.stringify(found, null, 2) : lines(found).join('\n'));
}

const ORIGIN: Readonly<Record<PluginInfo['from'], string>> = {
  option: 'named',
  PJRT_PLUGIN_LIBRARY_PATH: 'PJRT_PLUGIN_LIBRARY_PATH',
  jax: 'of an installed JAX',
  installed: 'installed here',
};

function lines({ directory, plugins }: Info): string[] {
  if (plugins.length === 0) return [`no plugin is here, and none in ${directory}. Run: ${ownCommand(['install'])}`];
  return plugins.flatMap(({ kind, from, file, bytes, opened, missing }, i) => {
    const state =
      'error' in opened
        ? [`   does not open: ${asTyped(NAME)(opened.error)}`]
        : [
            `   PJRT C API ${opened.version}, StableHLO ${opened.stablehlo[0]} to ${opened.stablehlo[1]}, platform ${opened.platform}`,
            ...devicesOf(opened.devices),
          ];
    return [
      `${kind ?? 'a plugin'}  ${ORIGIN[from]}${i === 0 ? ', the default' : ''}  ${formatBytes(bytes)}  ${file}`,
      ...state,
      ...(missing.length === 0 ? [] : [`   missing beside it: ${missing.join(', ')}`]),
    ];
  });
}

/** A line for those that are alike: `8 devices (0 to 7): NVIDIA H100 80GB HBM3, 79.1 GiB each`. */
function devicesOf(devices: OpenedPlugin['devices']): string[] {
  const alike = new Map<string, number[]>();
  for (const { id, kind, memory } of devices) {
    const what = `${kind}${memory === undefined ? '' : `, ${formatBytes(memory)}`}`;
    alike.set(what, [...(alike.get(what) ?? []), id]);
  }
  return [...alike].map(([what, ids]) =>
    ids.length === 1
      ? `   device ${ids[0]}: ${what}`
      : `   ${ids.length} devices (${ids[0]} to ${ids.at(-1)}): ${what}${what.includes(',') ? ' each' : ''}`,
  );
}

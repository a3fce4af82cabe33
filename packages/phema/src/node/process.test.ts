import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { link, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeSafetensors } from '@edm2/tensor-files';
import { type SignalMoment, signalSelf } from '@edm2/test-support';
import { describe, expect, it } from 'vitest';
import { names, scratch } from './run.fixture.js';

const command = fileURLToPath(new URL('../../bin/phema.js', import.meta.url));
const REPORT = 'process.on("exit", () => process.stderr.write("peak " + process.resourceUsage().maxRSS / 1024));';

/** Starts the command as a shell would; says at its end how many MiB it held at most. */
async function phema(folder: string, args: readonly string[], moment?: SignalMoment) {
  const report = join(folder, 'report.cjs');
  await writeFile(report, REPORT);
  const { execArgv = [], env = {} } = moment ? signalSelf(moment) : {};
  const options = { cwd: folder, env: { ...process.env, ...env } };
  const child = spawn(process.execPath, [...execArgv, '--require', report, command, ...args], options);
  let err = '';
  child.stderr.on('data', (data) => {
    err += data;
  });
  child.stdout.resume();
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { code, err, peak: Number(/peak (.*)/.exec(err)?.[1]) };
}

/** A folder of one file's averages under many names: a run's size in reading, one snapshot's on the disk. */
async function storeRun(values: number, times: number): Promise<string> {
  const folder = await scratch();
  await mkdir(join(folder, 'run'));
  const stored = join(folder, 'stored.safetensors');
  const data = Uint16Array.from({ length: values }, (_, i) => 0x2000 + (i % 4096));
  await writeSafetensors(stored, { w: { dtype: 'F16', shape: [values], data } }, {}, { checksum: false });
  for (let i = 1; i <= times; i++)
    for (const length of ['0.050', '0.100'])
      await link(stored, join(folder, 'run', `net-${String(i).padStart(7, '0')}-${length}.safetensors`));
  return folder;
}

const request = ['reconstruct', 'run', '--output', 'out', '--sigma-rel', '0.03,0.075,0.15'];

// The command is a bundle, made by `npm run build`; the tests of the sources run before it.
describe.skipIf(!process.env['TEST_BUILT'])('phema as a process', () => {
  it('holds no more for 64 snapshots than for 4', async () => {
    const values = 12e6; // 24 MB
    const [few, many] = [await storeRun(values, 2), await storeRun(values, 32)];
    const [little, much] = [await phema(few, request), await phema(many, request)];
    expect([little.code, much.code]).toEqual([0, 0]);
    expect(little.peak).toBeGreaterThan(30);
    // The collector takes its time over a snapshot or two; 60 more are 1,440 MB.
    expect(much.peak).toBeLessThan(little.peak + 96);
  });

  it('interrupted, leaves nothing and ends with 130; run again, gives what a run that never stopped gives', async () => {
    const folder = await storeRun(12e6, 32);
    const stopped = await phema(folder, request, { signal: 'SIGINT', path: /out.*safetensors/ });
    expect([stopped.code, stopped.err]).toEqual([130, expect.stringMatching(/interrupted, nothing was left behind/)]);
    expect(await names(folder)).not.toContain('out');
    const digests = async (run: string) => {
      expect((await phema(folder, [...request, '--skip'])).code).toBe(0);
      const files = await names(join(folder, 'out'));
      expect(files.length, run).toBe(3);
      const bytes = await Promise.all(files.map((name) => readFile(join(folder, 'out', name))));
      return bytes.map((each) => createHash('sha256').update(each).digest('hex'));
    };
    const whole = await digests('first');
    expect(await digests('again')).toEqual(whole);
  });
});

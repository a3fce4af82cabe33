import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { describeEngines, isCpu } from './engines.js';

const fixture = fileURLToPath(new URL('./determinism.fixture.ts', import.meta.url));

/** Loads the fixture as vitest would, in a process of its own, and prints what it computed. */
const PROGRAM = `
  import { defaultServerConditions, runnerImport } from 'vite';
  const conditions = [...(process.env.TEST_BUILT ? [] : ['@edm2/source']), ...defaultServerConditions];
  const { module } = await runnerImport(process.env.DETERMINISM_FIXTURE, {
    configFile: false,
    logLevel: 'error',
    environments: { inline: { resolve: { conditions } } },
  });
  process.stdout.write(module.digest);
`;

async function digestInAnotherProcess(engine: string): Promise<string> {
  const env = { ...process.env, DETERMINISM_ENGINE: engine, DETERMINISM_FIXTURE: fixture };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', PROGRAM], { env });
  return stdout;
}

describeEngines('two processes', (_, name) => {
  // The reference has one thread, and nothing to agree on.
  it.skipIf(isCpu(name))('compute the same bits from the same inputs', async () => {
    const first = await digestInAnotherProcess(name);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await digestInAnotherProcess(name)).toBe(first);
  });
});

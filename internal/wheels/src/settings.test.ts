import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { scratch } from './index-server.fixture.js';
import { indexSettings, PUBLIC_INDEX } from './index-settings.js';

const home = await scratch();
const write = async (path: string, text: string): Promise<string> => {
  await mkdir(dirname(join(home, path)), { recursive: true });
  await writeFile(join(home, path), text);
  return join(home, path);
};
const read = (env: NodeJS.ProcessEnv) =>
  indexSettings({ env: { XDG_CONFIG_DIRS: join(home, 'etc'), ...env }, platform: 'linux', home });

it('reads pip’s settings as pip does', async () => {
  expect(read({})).toEqual({ folders: [], indexes: [PUBLIC_INDEX] });
  await write('etc/pip/pip.conf', '[global]\nindex-url = http://site/simple/\nextra-index-url = http://extra/simple\n');
  expect(read({}).indexes).toEqual(['http://site/simple', 'http://extra/simple']);
  await write(
    '.config/pip/pip.conf',
    '# mine\n[global]\nindex_url: http://user/simple\nextra-index-url =\n    http://one/simple\n    http://two/simple\n[download]\nfind-links = /my/wheels\n[list]\nindex-url = http://no/simple\n',
  );
  expect(read({})).toEqual({
    folders: ['/my/wheels'],
    indexes: ['http://user/simple', 'http://one/simple', 'http://two/simple'],
  });
  const named = await write('named.conf', '[install]\nindex-url = http://named/simple\n');
  expect(read({ PIP_CONFIG_FILE: named }).indexes[0]).toBe('http://named/simple');
  expect(read({ PIP_CONFIG_FILE: '/dev/null' })).toEqual({ folders: [], indexes: [PUBLIC_INDEX] });
  expect(read({ PIP_INDEX_URL: 'http://env/simple', PIP_FIND_LINKS: 'file:///w http://far/' })).toEqual({
    folders: ['/w'],
    indexes: ['http://env/simple', 'http://one/simple', 'http://two/simple'],
  });
  expect(read({ PIP_NO_INDEX: '1' }).indexes).toEqual([]);
});

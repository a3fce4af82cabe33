// `npm run new-package -- <name> ["one line of what it does"]`: a new publishable package in packages/<name>, and nothing else touched.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [name, description = 'One line: what it does, for whom.'] = process.argv.slice(2);
if (!name || !/^[a-z][a-z0-9-]*$/.test(name)) {
  console.error(
    `new-package: expected a kebab-case name, got ${name ?? 'nothing'}. Usage: npm run new-package -- <name> ["description"].`,
  );
  process.exit(2);
}
const folder = fileURLToPath(new URL(`../packages/${name}/`, import.meta.url));
if (existsSync(folder)) {
  console.error(`new-package: packages/${name} exists already. Choose another name.`);
  process.exit(1);
}

const entry = (source, built) => ({
  '@edm2/source': source,
  import: { types: `./dist/${built}.d.ts`, default: `./dist/${built}.js` },
  require: { types: `./dist/${built}.d.cts`, default: `./dist/${built}.cjs` },
});
const manifest = {
  name: `@edm2/${name}`,
  version: '0.0.0',
  description,
  license: 'Apache-2.0',
  type: 'module',
  sideEffects: false,
  engines: { node: '>=20' },
  files: ['dist'],
  main: './dist/index.cjs',
  module: './dist/index.js',
  types: './dist/index.d.ts',
  exports: { '.': entry('./src/index.ts', 'index'), './package.json': './package.json' },
  scripts: { build: 'tsup' },
  publishConfig: { access: 'public' },
  devDependencies: {
    '@edm2/test-support': 'workspace:*',
    '@types/node': 'catalog:',
    tsup: 'catalog:',
    typescript: 'catalog:',
  },
  'size-limit': [{ path: 'dist/index.js', limit: '5 kB' }],
};
const write = (file, text) => writeFileSync(folder + file, text);
mkdirSync(`${folder}src`, { recursive: true });
write('package.json', `${JSON.stringify(manifest, null, 2)}\n`);
write('tsconfig.json', `${JSON.stringify({ extends: '../../tsconfig.base.json', include: ['src'] }, null, 2)}\n`);
write(
  'tsup.config.ts',
  `import { defineConfig } from 'tsup';\nimport { library } from '../../tsup.base.ts';\n\nexport default defineConfig(library({ index: 'src/index.ts' }));\n`,
);
write('src/index.ts', 'export {};\n');
write('README.md', `# @edm2/${name}\n\n${description}\n\n\`\`\`sh\nnpm install @edm2/${name}\n\`\`\`\n`);
console.log(
  `packages/${name}: write src/, add its row to ARCHITECTURE.md, run \`pnpm install\` and \`npm run changeset\`.`,
);

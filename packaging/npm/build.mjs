// Builds dist/: a CommonJS bundle per program, the library, its types, the JSON Schemas, the manual and the completions.
import './check-node.mjs';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { declarationFile, libraryDeclarations } from './declarations.mjs';
import { generate } from './generate.mjs';
import { generateManual } from './generate-manual.mjs';
import { writeLicenses } from './licenses.mjs';
import { nodeVersionCheck } from './node-version.mjs';
import { ownPackages } from './own-packages.mjs';
import { copySchemas } from './schemas.mjs';

// Libraries that only some commands use become separate files, so that other commands do not read and parse them.
const libraries = {
  chokidar: 'chokidar',
  handlebars: 'handlebars',
  'handlebars-parser': 'handlebars/dist/cjs/handlebars/compiler/base.js',
  'smol-toml': 'smol-toml',
};

// Dynamic imports (commands, the policy reader) become separate files in dist/parts.
const parts = new Map();
const separateFiles = {
  name: 'separate-files',
  setup({ initialOptions, onResolve }) {
    const up = initialOptions.outdir === 'dist/parts' ? '..' : '.';
    onResolve({ filter: /^(chokidar|handlebars|smol-toml)/ }, ({ path, kind }) => {
      const name = Object.keys(libraries).find((key) => libraries[key] === path);
      return kind === 'entry-point' || !name ? undefined : { path: `${up}/lib/${name}.cjs`, external: true };
    });
    onResolve({ filter: /^\./ }, ({ path, kind, resolveDir }) => {
      if (kind !== 'dynamic-import') return undefined;
      const file = join(resolveDir, path);
      const name = basename(path, '.ts');
      if ((parts.get(name) ?? file) !== file) throw new Error(`two parts are called ${name}`);
      parts.set(name, file);
      return { path: `${up}/parts/${name}.cjs`, external: true };
    });
  },
};

const programs = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  external: ['@viz-js/viz'],
  plugins: [separateFiles],
  // Replaced by require(), so that Node does not start its ES module loader.
  supported: { 'dynamic-import': false },
  // The directory of the program in CommonJS.
  define: { 'import.meta.dirname': '__dirname' },
  minify: true,
  charset: 'utf8',
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  outExtension: { '.js': '.cjs' },
};

// Do not remove old files first: a program that runs during the build must find all its parts.
mkdirSync('dist', { recursive: true });
await generate();
const results = [await build({ ...programs, entryPoints: libraries, outdir: 'dist/lib' })];
const entries = {
  'vfio-names': 'src/main.ts',
  'probe-worker': 'src/probe/worker-main.ts',
  vfio_id: 'src/vfio-id/node.ts',
};
const { engines } = JSON.parse(readFileSync('package.json', 'utf8'));
results.push(
  await build({
    ...programs,
    entryPoints: entries,
    outdir: 'dist',
    // Node parses a whole file before it runs the check at its beginning, so an older one must understand the syntax.
    target: 'node12',
    banner: { js: `#!/usr/bin/env node\n${nodeVersionCheck(engines.node)}\n${ownPackages}` },
  }),
);
for (const name of Object.keys(entries)) chmodSync(`dist/${name}.cjs`, 0o755);
for (const built = new Set(); built.size < parts.size; ) {
  const next = [...parts].filter(([name]) => !built.has(name));
  for (const [name] of next) built.add(name);
  results.push(
    await build({
      ...programs,
      entryPoints: Object.fromEntries(next),
      outdir: 'dist/parts',
      define: { 'import.meta.dirname': '__programs' },
      banner: { js: '"use strict";const __programs = require("node:path").dirname(__dirname);' },
    }),
  );
}
results.push(
  await build({
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    entryPoints: { index: 'src/index.ts' },
    outdir: 'dist',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  }),
);
writeLicenses(results.map(({ metafile }) => metafile));
await generateManual();
copySchemas('dist/schemas');
writeFileSync('dist/index.d.ts', declarationFile(libraryDeclarations()));

// Writes the manual and the completions to dist/man and dist/completions, from the command table and templates/.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

export async function generateManual(directory = 'dist') {
  const { manual } = await load('packaging/manual/manual.ts');
  const texts = manual(templates(), pageDate());
  for (const [path, text] of texts) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  // Remove pages that no longer exist.
  for (const name of readdirSync(join(directory, 'man')))
    if (!texts.has(`man/${name}`)) rmSync(join(directory, 'man', name));
}

// Returns the templates by their path below templates/, without .hbs.
function templates() {
  return Object.fromEntries(
    ['completions', 'manual'].flatMap((folder) =>
      readdirSync(`templates/${folder}`)
        .filter((name) => name.endsWith('.hbs'))
        .map((name) => [
          `${folder}/${name.slice(0, -'.hbs'.length)}`,
          readFileSync(`templates/${folder}/${name}`, 'utf8'),
        ]),
    ),
  );
}

// Returns the date of the release; for an unreleased version SOURCE_DATE_EPOCH, otherwise today.
function pageDate() {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const heading = readFileSync('CHANGELOG.md', 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`## ${version} `));
  const released = /\d{4}-\d{2}-\d{2}/.exec(heading ?? '')?.[0];
  const epoch = process.env.SOURCE_DATE_EPOCH;
  const built = epoch ? new Date(Number(epoch) * 1000) : new Date();
  return released ?? built.toISOString().slice(0, 10);
}

// Bundles and runs a TypeScript module. Dynamic imports of commands are omitted, since only the command table is needed.
async function load(entryPoint) {
  const { outputFiles } = await build({
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20.19',
    format: 'cjs',
    packages: 'external',
    entryPoints: [entryPoint],
    plugins: [
      {
        name: 'omit-dynamic-imports',
        setup({ onResolve }) {
          onResolve({ filter: /^\./ }, ({ kind, path }) =>
            kind === 'dynamic-import' ? { path, external: true } : undefined,
          );
        },
      },
    ],
    logLevel: 'warning',
  });
  const loaded = { exports: {} };
  new Function('module', 'exports', 'require', outputFiles[0].text)(
    loaded,
    loaded.exports,
    createRequire(import.meta.url),
  );
  return loaded.exports;
}

// generate-manual.mjs [DIRECTORY]
if (process.argv[1] === import.meta.filename) await generateManual(process.argv[2]);

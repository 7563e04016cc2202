/** Bundles a test file with its imports from this project into one function that can be called repeatedly. */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileFunction } from 'node:vm';
import { build } from 'esbuild';
import { gather } from './ava.mjs';

/** Returns the test files in `paths`, which are files or directories. */
export function testFiles(paths) {
  return paths.flatMap((path) =>
    path.endsWith('.ts')
      ? path
      : readdirSync(path)
          .filter((name) => name.endsWith('.test.ts'))
          .map((name) => `${path}/${name}`),
  );
}

/** Replaces import.meta.dirname and import.meta.url by the paths of the source files, from which tests read other files. */
const sourcePaths = {
  name: 'source-paths',
  setup: (esbuild) =>
    esbuild.onLoad({ filter: /\/(test|src)\/.*\.ts$/ }, async ({ path }) => ({
      loader: 'ts',
      contents: (await readFile(path, 'utf8'))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
    })),
};

/**
 * Returns the bundle of a file without the tests with the titles in `skipped`, with at most `runs` runs of each property; `ids`
 * are the ids of its tests, `sources` the files in it, relative to the project.
 */
export async function bundle(file, skipped = [], runs = Number.POSITIVE_INFINITY) {
  const { outputFiles, metafile } = await build({
    entryPoints: [file],
    // Stryker changes the working directory to its copy of the project after esbuild was loaded.
    absWorkingDir: process.cwd(),
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'cjs',
    packages: 'external',
    plugins: [sourcePaths],
  });
  const body = compileFunction(outputFiles[0].text, ['require', 'module', 'exports'], { filename: file });
  const result = { file, body, skipped, runs, sources: new Set(Object.keys(metafile.inputs)), ids: [] };
  result.ids = evaluate(result).map(({ id }) => id);
  return result;
}

/** Evaluates a bundle as if it were imported for the first time, and returns its tests. */
export function evaluate({ file, body, skipped, runs }) {
  const require = createRequire(join(process.cwd(), file));
  const { test, tests } = gather();
  const module = { exports: {} };
  const provided = { ava: () => test, 'fast-check': () => withFewerRuns(require('fast-check'), runs) };
  body((name) => provided[name]?.() ?? require(name), module, module.exports);
  const kept = tests.filter(({ title }) => !skipped.includes(title));
  return kept.map(({ title, run }) => ({ id: `${file} ${title}`, name: title, run }));
}

/** Returns fast-check with an `assert` of at most `runs` runs: most of the time went to the last runs for mutants that survive. */
function withFewerRuns(fastCheck, runs) {
  const assert = (property, parameters) =>
    fastCheck.assert(property, { ...parameters, numRuns: Math.min(parameters?.numRuns ?? runs, runs) });
  return runs === Number.POSITIVE_INFINITY ? fastCheck : { ...fastCheck, assert };
}

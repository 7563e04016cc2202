/** A test file with all that it imports of this project, as one function that can be called again and again. */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileFunction } from 'node:vm';
import { build } from 'esbuild';
import { gather } from './ava.mjs';

/** The test files among `paths`, which are files or directories. */
export function testFiles(paths) {
  return paths.flatMap((path) =>
    path.endsWith('.ts')
      ? path
      : readdirSync(path)
          .filter((name) => name.endsWith('.test.ts'))
          .map((name) => `${path}/${name}`),
  );
}

/** What a test reads beside itself is found from where the test lies, which its bundle does not know. */
const places = {
  name: 'places',
  setup: (esbuild) =>
    esbuild.onLoad({ filter: /\/(test|src)\/.*\.ts$/ }, async ({ path }) => ({
      loader: 'ts',
      contents: (await readFile(path, 'utf8'))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
    })),
};

/** The bundle of a file; `ids` are those of its tests. */
export async function bundle(file) {
  const { outputFiles } = await build({
    entryPoints: [file],
    // Stryker changes to its copy of the project after esbuild was loaded.
    absWorkingDir: process.cwd(),
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    packages: 'external',
    plugins: [places],
  });
  const body = compileFunction(outputFiles[0].text, ['require', 'module', 'exports'], { filename: file });
  const one = { file, body, ids: [] };
  one.ids = evaluate(one).map(({ id }) => id);
  return one;
}

/** The tests of a bundle, which is evaluated as if it were imported for the first time. */
export function evaluate({ file, body }) {
  const require = createRequire(join(process.cwd(), file));
  const { test, tests } = gather();
  const module = { exports: {} };
  body((name) => (name === 'ava' ? test : require(name)), module, module.exports);
  return tests.map(({ title, run }) => ({ id: `${file} ${title}`, name: title, run }));
}

/**
 * Lets require() load the TypeScript of this project. Compiles a file when it is first required and keeps the result below
 * build/. For the tests, which start many processes: an ES module loader such as tsx takes four times as long to start.
 */
const { createHash, randomUUID } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { dirname, join, relative, resolve } = require('node:path');
const { version } = require('esbuild/package.json');

const top = resolve(__dirname, '../..');
const options = {
  loader: 'ts',
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  // import() becomes require(), which calls this hook.
  supported: { 'dynamic-import': false },
  define: { 'import.meta.dirname': '__dirname', 'import.meta.url': '__url' },
  sourcemap: 'inline',
  sourcesContent: false,
};
const settings = JSON.stringify([version, options]);

Module._extensions['.ts'] = (module, file) => {
  const source = readFileSync(file, 'utf8');
  const hash = createHash('sha256').update(`${settings}${file}\n${source}`).digest('hex');
  const banner = `/* ${hash} */ const __url = require('node:url').pathToFileURL(__filename).href;`;
  const path = join(top, 'build/test', `${relative(top, file)}.cjs`);
  let code = readIfPresent(path);
  if (!code.startsWith(banner)) {
    code = require('esbuild').transformSync(source, { ...options, banner, sourcefile: file }).code;
    replace(path, code);
  }
  module._compile(code, file);
};

function readIfPresent(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Replaces a file in one step: other processes read it at the same time. */
function replace(path, text) {
  const temporary = `${path}.${randomUUID()}`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

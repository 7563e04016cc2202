// Bundles an entry for QuickJS: bundle.mjs ENTRY OUTPUT. OUTPUT is the module NAME.js; beside it are its parts, part_*.js, which it
// loads when they are needed, and NAME.parts, the list of those that no other module imports statically.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { build } from 'esbuild';

// Its own entry for Node requires `fs`.
const portableHandlebars = {
  name: 'portable-handlebars',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^handlebars$/ }, ({ kind, resolveDir }) =>
      resolve('handlebars/dist/cjs/handlebars.js', { kind, resolveDir }),
    );
  },
};

// The optional package that draws SVG on Node. QuickJS would look for its file in the working directory.
const withoutViz = {
  name: 'without-viz',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@viz-js\/viz$/ }, ({ path }) => ({ path, namespace: 'absent' }));
    onLoad({ filter: /.*/, namespace: 'absent' }, () => ({
      contents: 'throw Object.assign(new Error("not in this program"), { code: "NO_SVG" });',
    }));
  },
};

/** Bundles `entry` to the file `output`, and returns esbuild's metafile. */
export async function bundle(entry, output) {
  const { metafile } = await build({
    entryPoints: [{ in: entry, out: basename(output, '.js') }],
    outdir: dirname(output),
    chunkNames: 'part_[hash]',
    bundle: true,
    splitting: true,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    minify: true,
    plugins: [portableHandlebars, withoutViz],
    // Handlebars before 4.7.8 names it `global` or `window`.
    define: { global: 'globalThis' },
    alias: { 'qjs:std': 'std', 'qjs:os': 'os', 'qjs:syscalls': 'syscalls' },
    external: ['std', 'os', 'syscalls'],
    banner: { js: 'import { importPart as __importPart } from "syscalls";' },
    logLevel: 'warning',
  });
  // import() needs the file name of the function that calls it, which qjsc -s omits.
  for (const path of Object.keys(metafile.outputs))
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(/\bimport\("\.\/(part_\w+\.js)"\)/g, '__importPart("$1")'),
    );
  const imports = Object.values(metafile.outputs)
    .flatMap(({ imports: list }) => list)
    .filter(({ external }) => !external);
  const pathsOf = (kind) =>
    new Set(imports.filter((found) => found.kind === kind).map(({ path }) => basename(path)));
  const eager = pathsOf('import-statement');
  const lazy = [...pathsOf('dynamic-import')].filter((path) => !eager.has(path)).sort();
  writeFileSync(output.replace(/\.js$/, '.parts'), lazy.map((path) => `${path}\n`).join(''));
  return metafile;
}

if (process.argv[1] === import.meta.filename) await bundle(process.argv[2], process.argv[3]);

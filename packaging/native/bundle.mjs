// Bundles an entry for QuickJS into one module: bundle.mjs ENTRY OUTPUT.
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

const [entry, output] = process.argv.slice(2);
await build({
  entryPoints: [entry],
  outfile: output,
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  target: 'es2022',
  minify: true,
  plugins: [portableHandlebars, withoutViz],
  alias: { 'qjs:std': 'std', 'qjs:os': 'os', 'qjs:syscalls': 'syscalls' },
  external: ['std', 'os', 'syscalls'],
  logLevel: 'warning',
});

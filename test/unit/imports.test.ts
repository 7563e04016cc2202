/** Reads the import graph of src/: type imports and dynamic imports count as well. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import test from 'ava';

/** A file may import only from the folders before its own, and from its own. */
const order: readonly string[] = [
  ...[
    'errors.ts',
    'version.ts',
    'text',
    'system',
    'system/node',
    'system/quickjs',
    'devices',
    'names',
    'policy',
  ],
  ...[
    'links',
    'holders',
    'vfio-id',
    'bind',
    'udev',
    'probe',
    'exec',
    'doctor',
    'cdi',
    'nfd',
    'watch',
    'graph',
    'library',
    'cli',
  ],
  // The files that no file imports.
  'entries',
];

/** The implementations of the machine; only entries choose one. */
const implementations: readonly string[] = ['system/node', 'system/quickjs'];

const root = resolve(import.meta.dirname, '../..');

function filesIn(directory: string, pattern: RegExp): string[] {
  return readdirSync(resolve(root, directory), { recursive: true, encoding: 'utf8' })
    .filter((path) => pattern.test(path) && !path.includes('node_modules'))
    .map((path) => `${directory}/${path}`);
}

function text(path: string): string {
  return readFileSync(resolve(root, path), 'utf8');
}

interface Import {
  readonly from: string;
  /** A file of src/, or a package. */
  readonly to: string;
  /** Whether the module is loaded together with the file that imports it: not for a type, nor for `import()`. */
  readonly eager: boolean;
}

function importsOf(path: string): Import[] {
  const statement = /^\s*(?:import|export)\b(\s+type\b)?(?:[^'";]*?\bfrom)?\s*'([^']+)'/gm;
  const call = /\b(?:import|require|getBuiltinModule)\s*\(\s*['"`]([^'"`]+)/g;
  const source = text(`src/${path}`);
  const target = (specifier: string): string =>
    specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier;
  return [
    ...[...source.matchAll(statement)].map(([, type, specifier = '']) => ({
      from: path,
      to: target(specifier),
      eager: type === undefined,
    })),
    ...[...source.matchAll(call)].map(([, specifier = '']) => ({
      from: path,
      to: target(specifier),
      eager: false,
    })),
  ];
}

const files = filesIn('src', /\.ts$/).map((path) => path.slice('src/'.length));
const imports = files.flatMap(importsOf);
const imported = new Set(imports.map(({ to }) => to));
const entries = files.filter((path) => !imported.has(path) && !path.endsWith('.d.ts'));

/** The part of the order that a file of src/ belongs to: of two folders that contain it, the inner one. */
function folderOf(path: string): string {
  if (entries.includes(path)) return 'entries';
  const [outer = '', inner = ''] = path.split('/');
  return order.includes(`${outer}/${inner}`) ? `${outer}/${inner}` : outer;
}

/** Imports of TypeScript files. */
const internal = imports.filter(({ to }) => files.includes(to));

test('every file is reached from an entry, and every imported file exists', (t) => {
  t.true(internal.length > files.length);
  const reached = new Set(entries);
  for (const path of reached) for (const { from, to } of internal) if (from === path) reached.add(to);
  t.deepEqual(
    files.filter((path) => !reached.has(path) && !path.endsWith('.d.ts')),
    [],
  );
  t.deepEqual(
    imports.filter(({ to }) => to.endsWith('.ts') && !files.includes(to)),
    [],
  );
});

test('every file that no file imports is the entry of a build', (t) => {
  const builds = filesIn('packaging', /\.(?:mjs|sh)$/).map(text);
  t.deepEqual(
    entries.filter((path) => !builds.some((build) => build.includes(`src/${path}`))),
    [],
  );
});

test('every file belongs to a folder of the order', (t) => {
  t.deepEqual(
    files.filter((path) => !order.includes(folderOf(path))),
    [],
  );
});

test('each folder imports only from the folders before it', (t) => {
  const place = (path: string): number => order.indexOf(folderOf(path));
  t.deepEqual(
    internal.filter(({ from, to }) => place(to) > place(from)).map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
});

test('only entries and the implementation itself import an implementation of the machine', (t) => {
  const found = internal.filter(
    ({ from, to }) =>
      implementations.includes(folderOf(to)) &&
      folderOf(from) !== 'entries' &&
      folderOf(from) !== folderOf(to),
  );
  t.deepEqual(
    found.map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
});

test('no file imports itself through other files', (t) => {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' -> '));
    if (done.has(path) || way.includes(path)) return;
    for (const { from, to } of internal) if (from === path) visit(to, [...way, path]);
    done.add(path);
  };
  for (const path of files) visit(path, []);
  t.deepEqual(circles, []);
});

test('only an implementation of the machine and the entries import native modules', (t) => {
  const native = /^(?:node:|qjs:|koffi$|@koromix\/|chokidar$)/;
  const found = imports.filter(
    ({ from, to }) => native.test(to) && ![...implementations, 'entries'].includes(folderOf(from)),
  );
  t.deepEqual(
    found.map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
});

test('the program and list load neither koffi nor chokidar nor a TOML parser', (t) => {
  const loaded = new Set(['main.ts', 'cli/commands/list.ts']);
  for (const path of loaded)
    for (const { from, to, eager } of imports) if (from === path && eager) loaded.add(to);
  t.true(loaded.has('system/node/system.ts') && loaded.has('policy/load.ts'));
  t.deepEqual(
    [...loaded].filter((path) => /^(?:koffi|@koromix|chokidar|smol-toml|handlebars)/.test(path)),
    [],
  );
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import test from 'ava';

const root = resolve(import.meta.dirname, '..');

function text(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

const manifest = JSON.parse(text('package.json')) as {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
};

/** The files below a directory, relative to the root; what a tool made is left out. */
function filesBelow(directory: string): string[] {
  return readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
    if (['node_modules', 'dist', 'coverage', '.git'].includes(entry.name)) return [];
    return entry.isDirectory() ? filesBelow(path) : entry.isFile() ? [path] : [];
  });
}

const sources = filesBelow('src').filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'));

test('the top level holds what the layout allows', (t) => {
  const allowed = new Set([
    ...['package.json', 'package-lock.json', 'tsconfig.json', 'biome.json'],
    ...['src', 'rules', 'templates', 'test', 'packaging'],
    ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'LICENSE'],
    // Made by tools, never checked in.
    ...['node_modules', 'dist', 'coverage'],
  ]);
  t.deepEqual(
    readdirSync(root).filter((name) => !allowed.has(name) && !name.startsWith('.')),
    [],
  );
});

test('the lock file names no registry host, and the version of the package', (t) => {
  const lock = text('package-lock.json');
  t.notRegex(lock, /"resolved"/);
  t.notRegex(lock, /registry/);
  t.is((JSON.parse(lock) as { version: string }).version, manifest.version);
});

test('what comes along at run time may be given away with us', (t) => {
  const { packages } = JSON.parse(text('package-lock.json')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly license?: string }>>;
  };
  const free = /^(MIT|ISC|BSD-2-Clause|BSD-3-Clause|Apache-2\.0|0BSD)$/;
  for (const [path, { dev, license }] of Object.entries(packages))
    if (!dev) t.regex(license ?? 'none', free, path);
});

test('what SECURITY.md names is there', (t) => {
  const paths = [...text('SECURITY.md').matchAll(/(?<![\w/])(?:test|packaging)\/[\w./-]*\w/g)].map(
    ([path]) => path,
  );
  t.true(paths.length > 10);
  t.deepEqual(
    paths.filter((path) => !existsSync(join(root, path))),
    [],
  );
});

test('every dependency at run time is pinned', (t) => {
  for (const [name, version] of Object.entries(manifest.dependencies))
    t.regex(version, /^\d+\.\d+\.\d+$/, name);
});

test('no file names a path of the machine on which it was written', (t) => {
  const escaped = root.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  // A checkout right below / has a name like any word.
  const own = root.split('/').length > 2 ? [new RegExp(`(?<![\\w.])${escaped}(?!\\w)`)] : [];
  const patterns = [...own, /(?<![\w.])\/home\/(?!USER|user\b)[a-z]/, /(?<![\w.])\/Users\//, /\/tmp\/tmp\./];
  for (const path of filesBelow('')) {
    if (path === 'test/package.test.ts') continue;
    const found = patterns.find((pattern) => pattern.test(text(path)));
    t.is(found, undefined, path);
  }
});

test('the changelog knows the version of the package', (t) => {
  t.regex(text('CHANGELOG.md'), new RegExp(`^## ${manifest.version.replaceAll('.', '\\.')}\\b`, 'm'));
});

interface Import {
  readonly from: string;
  /** A path relative to the root, or a package. */
  readonly to: string;
  /** Erased when the program runs. */
  readonly typeOnly: boolean;
}

function importsOf(path: string): Import[] {
  const statement = /^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm;
  const dynamic = /\bimport\('([^']+)'\)/g;
  const target = (word: string): string =>
    word.startsWith('.') ? relative(root, resolve(root, dirname(path), word)) : word;
  const source = text(path);
  return [
    ...[...source.matchAll(statement)].map(([, type, word = '']) => ({
      from: path,
      to: target(word),
      typeOnly: type !== undefined,
    })),
    ...[...source.matchAll(dynamic)].map(([, word = '']) => ({
      from: path,
      to: target(word),
      typeOnly: false,
    })),
  ];
}

const imports = sources.flatMap(importsOf);

/** Where a program begins; these may touch the process and import from anywhere. */
const entries = ['src/main.ts', 'src/caller.ts', 'src/helper/node.ts', 'src/helper/quickjs.ts'];

/** Folders from the top down; those of one line may use each other. */
const layers: readonly (readonly string[])[] = [
  ['manual'],
  ['cli'],
  ['watch', 'helper', 'rules', 'probe', 'holders', 'doctor', 'config', 'integrations', 'graph'],
  ['links'],
  ['names'],
  ['devices'],
  ['text', 'system'],
];

function layerOf(path: string): number | undefined {
  const [src, folder = ''] = path.split('/');
  const layer = src === 'src' ? layers.findIndex((folders) => folders.includes(folder)) : -1;
  return layer < 0 ? undefined : layer;
}

test('every folder of src has its place in the order', (t) => {
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  t.deepEqual(
    folders.map(({ name }) => name).filter((name) => layerOf(`src/${name}/x.ts`) === undefined),
    [],
  );
});

test('imports point one way: cli, then what stands on links, links, names, devices, system', (t) => {
  const wrong = imports.filter(({ from, to, typeOnly }) => {
    const [above, below] = [layerOf(from), layerOf(to)];
    return (
      !typeOnly && !entries.includes(from) && above !== undefined && below !== undefined && below < above
    );
  });
  t.deepEqual(
    wrong.map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
});

test('every imported file exists', (t) => {
  const missing = imports.filter(({ to }) => to.startsWith('src/') && !existsSync(join(root, to)));
  // Written by the build.
  const made = ['src/config/validate-policy.js'];
  t.deepEqual(
    missing.map(({ to }) => to).filter((to) => !made.includes(to)),
    [],
  );
});

/** What decides and touches nothing. */
const pure = sources.filter((path) =>
  /^src\/(names\/.*|text\/.*|links\/(plan|change|finding|tree|managed|links-of|verify-links|verify-groups)|devices\/(query|identify|order|find|no-cdev|pci-address)|system\/devnum|probe\/(layout|explain.*)|rules\/(compile|quote)|integrations\/(substitute|cdi-name|cdi-spec)|graph\/(entry|model|words|text|dot|html|colours)|cli\/(table|usage|json|plural|change-line))\.ts$/.test(
    path,
  ),
);

test('what is pure imports nothing of the machine, not even by way of another file', (t) => {
  t.true(pure.length > 30);
  const wrong: string[] = [];
  for (const start of pure) {
    const seen = new Set([start]);
    for (const path of seen)
      for (const { to, typeOnly } of imports.filter(({ from }) => from === path)) {
        if (typeOnly) continue;
        if (/^(node:|koffi$|chokidar$|qjs:)/.test(to)) wrong.push(`${start} reaches ${to} by ${path}`);
        else if (to.startsWith('src/')) seen.add(to);
      }
  }
  t.deepEqual(wrong, []);
});

test('one file imports the native library, and only the entry files touch the process', (t) => {
  const users = (pattern: RegExp): string[] => sources.filter((path) => pattern.test(text(path)));
  t.deepEqual(users(/'koffi'/), ['src/system/libc.ts']);
  t.deepEqual(
    users(/\bprocess\.(exit|exitCode|argv|stdout|stderr)\b/).filter((path) => !entries.includes(path)),
    [],
  );
});

test('every file that a text links to exists', (t) => {
  for (const file of ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'packaging/README.md']) {
    const links = [...text(file).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map(([, path = '']) => path);
    const missing = links.filter((path) => !existsSync(join(root, dirname(file), path)));
    t.deepEqual(missing, [], file);
  }
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import test from 'ava';
import { version } from '../../src/version.ts';

const root = resolve(import.meta.dirname, '../..');

function text(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

const manifest = JSON.parse(text('package.json')) as {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
};

/** The files below a directory, relative to the root, without generated ones. */
function filesBelow(directory: string): string[] {
  return readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
    if (['node_modules', 'dist', 'coverage', '.git'].includes(entry.name)) return [];
    return entry.isDirectory() ? filesBelow(path) : entry.isFile() ? [path] : [];
  });
}

const sources = filesBelow('src').filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'));

test('the top-level directory contains only known files', (t) => {
  const allowed = new Set([
    ...['package.json', 'package-lock.json', 'tsconfig.json', 'biome.json'],
    ...['src', 'rules', 'templates', 'test', 'packaging'],
    ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'LICENSE'],
    // Generated, never checked in.
    ...['build', 'coverage', 'dist', 'node_modules'],
  ]);
  t.deepEqual(
    readdirSync(root).filter((name) => !allowed.has(name) && !name.startsWith('.')),
    [],
  );
});

test('package-lock.json has the version of the package and no registry host', (t) => {
  const lock = text('package-lock.json');
  t.notRegex(lock, /"resolved"/);
  t.notRegex(lock, /registry/);
  t.is((JSON.parse(lock) as { version: string }).version, manifest.version);
});

test('every run-time dependency has a licence that permits redistribution', (t) => {
  const { packages } = JSON.parse(text('package-lock.json')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly license?: string }>>;
  };
  const free = /^(MIT|ISC|BSD-2-Clause|BSD-3-Clause|Apache-2\.0|0BSD)$/;
  for (const [path, { dev, license }] of Object.entries(packages))
    if (!dev) t.regex(license ?? 'none', free, path);
});

test('every path in SECURITY.md exists', (t) => {
  const paths = [...text('SECURITY.md').matchAll(/(?<![\w/])(?:test|packaging)\/[\w./-]*\w/g)].map(
    ([path]) => path,
  );
  t.true(paths.length > 10);
  t.deepEqual(
    paths.filter((path) => !existsSync(join(root, path))),
    [],
  );
});

test('every run-time dependency is pinned', (t) => {
  for (const [name, version] of Object.entries(manifest.dependencies))
    t.regex(version, /^\d+\.\d+\.\d+$/, name);
});

test('no file contains a path of a developer machine', (t) => {
  const escaped = root.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  // A checkout directly below / has a name that may be an ordinary word.
  const checkoutPath = root.split('/').length > 2 ? [new RegExp(`(?<![\\w.])${escaped}(?!\\w)`)] : [];
  const patterns = [
    ...checkoutPath,
    /(?<![\w.])\/home\/(?!USER|user\b)[a-z]/,
    /(?<![\w.])\/Users\//,
    /\/tmp\/tmp\./,
  ];
  for (const path of filesBelow('')) {
    if (path === 'test/docs/package.test.ts') continue;
    const found = patterns.find((pattern) => pattern.test(text(path)));
    t.is(found, undefined, path);
  }
});

test('src/version.ts has the version of the package', (t) => {
  t.is(version, manifest.version);
});

test('CHANGELOG.md has a section for the version of the package', (t) => {
  t.regex(text('CHANGELOG.md'), new RegExp(`^## ${manifest.version.replaceAll('.', '\\.')}\\b`, 'm'));
});

interface Import {
  readonly from: string;
  /** A path relative to the root, or a package. */
  readonly to: string;
  /** Only types, which do not exist at run time. */
  readonly typeOnly: boolean;
}

function importsOf(path: string): Import[] {
  const statement = /^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm;
  const dynamic = /\bimport\('([^']+)'\)/g;
  const target = (specifier: string): string =>
    specifier.startsWith('.') ? relative(root, resolve(root, dirname(path), specifier)) : specifier;
  const source = text(path);
  return [
    ...[...source.matchAll(statement)].map(([, type, specifier = '']) => ({
      from: path,
      to: target(specifier),
      typeOnly: type !== undefined,
    })),
    ...[...source.matchAll(dynamic)].map(([, specifier = '']) => ({
      from: path,
      to: target(specifier),
      typeOnly: false,
    })),
  ];
}

const imports = sources.flatMap(importsOf);

/** Entry points of programs; they may use `process` and import from any folder. */
const entries = ['src/main.ts', 'src/probe/worker-main.ts', 'src/vfio-id/node.ts', 'src/vfio-id/quickjs.ts'];

/** Folders from the top layer to the bottom; folders of one layer may import each other. */
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

test('every folder of src belongs to a layer', (t) => {
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  t.deepEqual(
    folders.map(({ name }) => name).filter((name) => layerOf(`src/${name}/x.ts`) === undefined),
    [],
  );
});

test('imports of src point to the same layer or a lower one', (t) => {
  const violations = imports.filter(({ from, to, typeOnly }) => {
    const [above, below] = [layerOf(from), layerOf(to)];
    return (
      !typeOnly && !entries.includes(from) && above !== undefined && below !== undefined && below < above
    );
  });
  t.deepEqual(
    violations.map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
});

test('every imported file of src exists', (t) => {
  const missing = imports.filter(({ to }) => to.startsWith('src/') && !existsSync(join(root, to)));
  // Generated by the build.
  const generated = ['src/policy/validate-policy.js'];
  t.deepEqual(
    missing.map(({ to }) => to).filter((to) => !generated.includes(to)),
    [],
  );
});

/** Files without access to the machine. */
const pure = sources.filter((path) =>
  /^src\/(names\/.*|text\/.*|links\/(plan|change|finding|tree|managed|links-of|verify-links|verify-groups)|devices\/(query|identify|order|find|no-cdev|pci-address)|system\/devnum|probe\/(layout|explain.*)|rules\/(compile|quote)|integrations\/(substitute|cdi-name|cdi-spec)|graph\/(entry|model|words|text|dot|html|colours)|cli\/(table|usage|json|plural|change-line))\.ts$/.test(
    path,
  ),
);

test('pure files of src do not import Node or native modules, directly or indirectly', (t) => {
  t.true(pure.length > 30);
  const violations: string[] = [];
  for (const start of pure) {
    const seen = new Set([start]);
    for (const path of seen)
      for (const { to, typeOnly } of imports.filter(({ from }) => from === path)) {
        if (typeOnly) continue;
        if (/^(node:|koffi$|chokidar$|qjs:)/.test(to)) violations.push(`${start} reaches ${to} by ${path}`);
        else if (to.startsWith('src/')) seen.add(to);
      }
  }
  t.deepEqual(violations, []);
});

test('only libc.ts imports koffi, and only entry files use process', (t) => {
  const users = (pattern: RegExp): string[] => sources.filter((path) => pattern.test(text(path)));
  t.deepEqual(users(/'koffi'/), ['src/system/node/libc.ts']);
  t.deepEqual(
    users(/\bprocess\.(exit|exitCode|argv|stdout|stderr)\b/).filter((path) => !entries.includes(path)),
    [],
  );
});

test('every file linked in the Markdown texts exists', (t) => {
  for (const file of ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'packaging/README.md']) {
    const links = [...text(file).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map(([, path = '']) => path);
    const missing = links.filter((path) => !existsSync(join(root, dirname(file), path)));
    t.deepEqual(missing, [], file);
  }
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import test from 'ava';
import { version } from '../../src/version.ts';

const root = resolve(import.meta.dirname, '../..');

function text(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

const manifest = JSON.parse(text('package.json')) as {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

const { bundledLibraries } = createRequire(import.meta.url)(join(root, 'packaging/npm/licenses.mjs')) as {
  readonly bundledLibraries: readonly string[];
};

/** The files below a directory, relative to the root, without generated ones. */
function filesBelow(directory: string): string[] {
  return readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
    if (['node_modules', 'dist', 'coverage', '.git'].includes(entry.name)) return [];
    return entry.isDirectory() ? filesBelow(path) : entry.isFile() ? [path] : [];
  });
}

test('the top-level directory contains only known files', (t) => {
  const allowed = new Set([
    ...['package.json', 'package-lock.json', 'tsconfig.json', 'biome.json'],
    ...['src', 'rules', 'templates', 'test', 'packaging'],
    ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'LIBRARY.md', 'SECURITY.md', 'LICENSE'],
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
  const bundled = bundledLibraries.map((name) => `node_modules/${name}`);
  for (const [path, { dev, license }] of Object.entries(packages))
    if (!dev || bundled.includes(path)) t.regex(license ?? 'none', free, path);
});

test('npm installs no package with an install script, and nothing but optional packages', (t) => {
  const { packages } = JSON.parse(text('package-lock.json')) as {
    readonly packages: Readonly<
      Record<string, { readonly dev?: boolean; readonly hasInstallScript?: boolean }>
    >;
  };
  for (const [path, { dev, hasInstallScript }] of Object.entries(packages))
    if (!dev) t.falsy(hasInstallScript, path);
  // npm 11 warns of these scripts in a package that is installed from a tarball.
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
    t.false(name in manifest.scripts, name);
  t.is(manifest.dependencies, undefined);
});

test("koffi's builds have the version of koffi, whose types the source uses", (t) => {
  const builds = Object.entries(manifest.optionalDependencies).filter(([name]) =>
    name.startsWith('@koromix/'),
  );
  t.true(builds.length > 0);
  for (const [name, version] of builds) t.is(version, manifest.devDependencies['koffi'] ?? '', name);
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
  // Of the bundled libraries, those that come with another one are not listed; package-lock.json pins them.
  const bundled = Object.entries(manifest.devDependencies).filter(([name]) =>
    bundledLibraries.includes(name),
  );
  t.true(bundled.length > 0);
  for (const [name, version] of [...bundled, ...Object.entries(manifest.optionalDependencies)])
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

test('no file contains the marks of a conflict', (t) => {
  for (const path of filesBelow('')) t.notRegex(text(path), /^(?:<{7}|>{7}) /m, path);
});

test('src/version.ts has the version of the package', (t) => {
  t.is(version, manifest.version);
});

test('CHANGELOG.md has a section for the version of the package', (t) => {
  t.regex(text('CHANGELOG.md'), new RegExp(`^## ${manifest.version.replaceAll('.', '\\.')}\\b`, 'm'));
});

test('every file linked in the Markdown texts exists', (t) => {
  for (const file of [
    'README.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'packaging/README.md',
    'packaging/RELEASING.md',
  ]) {
    const links = [...text(file).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map(([, path = '']) => path);
    const missing = links.filter((path) => !existsSync(join(root, dirname(file), path)));
    t.deepEqual(missing, [], file);
  }
});

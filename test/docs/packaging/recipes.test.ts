import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test from 'ava';
import { fakeRoot } from '../../support/fake-root.ts';

const root = resolve(import.meta.dirname, '../../..');
const text = (path: string): string => readFileSync(join(root, path), 'utf8');

const { version, engines } = JSON.parse(text('package.json')) as {
  readonly version: string;
  readonly engines: { readonly node: string };
};

const recipes = [
  {
    path: 'packaging/rpm/vfio-names.spec',
    version: /^Version: +(\S+)$/m,
    node: /^Requires: +nodejs >= (?:1:)?(\S+)$/gm,
  },
  { path: 'packaging/arch/PKGBUILD', version: /^pkgver=(\S+)$/m, node: /^ +depends=\('nodejs>=([\d.]+)'/gm },
  { path: 'packaging/alpine/APKBUILD', version: /^pkgver=(\S+)$/m, node: /^depends="nodejs>=([\d.]+)"$/gm },
];

for (const recipe of recipes) {
  test(`${recipe.path} has the version and the required Node version of package.json`, (t) => {
    const recipeText = text(recipe.path);
    t.is(recipe.version.exec(recipeText)?.[1], version);
    const required = [...recipeText.matchAll(recipe.node)].map(([, node]) => `>=${node}`);
    t.deepEqual([...new Set(required)], [engines.node]);
  });
}

/** Dependencies on Node for the build and check commands in a clean build environment. */
const builds = [
  { path: 'packaging/rpm/vfio-names.spec', needs: /^BuildRequires: +nodejs >= (?:1:)?\S+$/gm, count: 2 },
  { path: 'packaging/arch/PKGBUILD', needs: /^checkdepends=\('nodejs>=/gm, count: 1 },
  // abuild also installs the run-time dependencies of the package.
  { path: 'packaging/alpine/APKBUILD', needs: /^depends="nodejs>=/gm, count: 1 },
  { path: 'packaging/debian/control', needs: /^ nodejs \(>= /gm, count: 1 },
];

for (const { path, needs, count } of builds)
  test(`${path} depends on Node for its build and check`, (t) => {
    t.is([...text(path).matchAll(needs)].length, count);
  });

test('compile.sh searches the library directories of every distribution for QuickJS', (t) => {
  const [, directories = ''] =
    /^library=\$\(find_in \S+ (.*) libquickjs\.a\)$/m.exec(text('packaging/native/compile.sh')) ?? [];
  for (const path of ['/usr/lib', '/usr/lib64']) t.true(directories.split(' ').includes(path), path);
});

test('compile.sh compiles with QuickJS at the path in QUICKJS', (t) => {
  const machine = fakeRoot(t);
  const empty = [
    '/js/libquickjs.a',
    '/js/quickjs-libc.h',
    '/work/vfio_id.js',
    '/work/vfio_id.parts',
    '/work/limit.c',
  ];
  for (const path of empty) machine.write(path, '');
  machine.write('/bin/qjsc', '#!/bin/sh\n: > vfio_id.c\n');
  machine.write('/bin/cc', `#!/bin/sh\necho "$@" > ${machine.at('/words')}\n`);
  for (const name of ['qjsc', 'cc']) chmodSync(machine.at(`/bin/${name}`), 0o755);
  const { status, stderr } = spawnSync(
    'bash',
    [join(root, 'packaging/native/compile.sh'), machine.at('/work')],
    {
      env: {
        PATH: `${machine.at('/bin')}:${process.env['PATH']}`,
        QUICKJS: machine.at('/js'),
        STRIP: ':',
      },
      encoding: 'utf8',
    },
  );
  t.is(status, 0, stderr);
  t.true(readFileSync(machine.at('/words'), 'utf8').includes(machine.at('/js/libquickjs.a')));
});

test('vfio-names.service runs only Node, sh and mkdir', (t) => {
  const unit = text('packaging/systemd/vfio-names.service');
  const programs = [...unit.matchAll(/^Exec\w+=\+?(\S+)/gm)].map(([, program = '']) => program);
  t.deepEqual(programs.sort(), ['/bin/sh', '/usr/bin/mkdir', '/usr/bin/node']);
});

test('every package with vfio_id contains the licence of QuickJS, which is linked into it', (t) => {
  const notice = 'packaging/native/LICENSE.quickjs';
  for (const path of [notice, 'packaging/debian/copyright']) {
    t.regex(text(path), /Copyright[^\n]* 2017-2021 Fabrice Bellard/, path);
    t.regex(text(path), /Permission is hereby granted/, path);
  }
  for (const { path } of recipes) t.true(text(path).includes(notice), path);
});

test('the changelog of vfio-names.spec starts with its version', (t) => {
  const [, newest = ''] = text('packaging/rpm/vfio-names.spec').split('%changelog\n');
  t.true(newest.split('\n')[0]?.endsWith(` - ${version}-1`), newest);
});

test('every package recipe has the same maintainer address', (t) => {
  const people = recipes.map(({ path }) => /The vfio-names authors <[^>]+>/.exec(text(path))?.[0]);
  t.deepEqual([...new Set(people)], ['The vfio-names authors <maintainers@vfio-names.dev>']);
});

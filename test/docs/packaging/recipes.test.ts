import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { join, resolve } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { fakeRoot } from '../../support/fake-root.ts';

const root = resolve(import.meta.dirname, '../../..');
const text = (path: string): string => readFileSync(join(root, path), 'utf8');

const { version } = JSON.parse(text('package.json')) as { readonly version: string };

const recipes = [
  {
    path: 'packaging/rpm/vfio-names.spec',
    version: /^Version: +(\S+)$/m,
    old: /^Obsoletes: +%\{name\}-udev </m,
  },
  { path: 'packaging/arch/PKGBUILD', version: /^pkgver=(\S+)$/m, old: /^replaces=\(vfio-names-udev\)$/m },
  { path: 'packaging/alpine/APKBUILD', version: /^pkgver=(\S+)$/m, old: /^replaces="\$pkgname-udev"$/m },
];

for (const recipe of recipes) {
  test(`${recipe.path} has the version of package.json`, (t) => {
    t.is(recipe.version.exec(text(recipe.path))?.[1], version);
  });

  test(`${recipe.path} needs no Node, neither to build nor to run`, (t) => {
    t.notRegex(text(recipe.path), /^[^#\n]*\b(nodejs|npm|esbuild)\b(?!-)/m);
  });

  test(`${recipe.path} replaces the package that the rules once had`, (t) => {
    t.regex(text(recipe.path), recipe.old);
  });
}

test('the Debian package depends on Node only for its build', (t) => {
  const [source = '', ...packages] = text('packaging/debian/control').split('\n\n');
  t.regex(source, /^ nodejs:native \(>= 20\.19\),$/m);
  t.notRegex(packages.join(), /nodejs/);
});

test('the Debian package replaces the package that the rules once had', (t) => {
  for (const field of ['Conflicts', 'Replaces', 'Provides'])
    t.regex(text('packaging/debian/control'), new RegExp(`^${field}: vfio-names-udev\\b`, 'm'));
});

test('compile.sh searches the library directories of every distribution for QuickJS', (t) => {
  const [, directories = ''] =
    /^library=\$\(find_in \S+ (.*) libquickjs\.a\)$/m.exec(text('packaging/native/compile.sh')) ?? [];
  for (const path of ['/usr/lib', '/usr/lib64']) t.true(directories.split(' ').includes(path), path);
});

/** Runs compile.sh with stubs of QuickJS and of the C compiler, which stores its last arguments in `words`. */
function compile(t: ExecutionContext, order: 'BE' | 'LE' | undefined, env: NodeJS.ProcessEnv = {}) {
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
  const macro = order && `#define __BYTE_ORDER__ __ORDER_${order === 'BE' ? 'BIG' : 'LITTLE'}_ENDIAN__`;
  machine.write(
    '/bin/cc',
    `#!/bin/sh\n[ "$1" != -E ] || { echo '${macro ?? ''}'; exit; }\necho "$@" > ${machine.at('/words')}\n`,
  );
  for (const name of ['qjsc', 'cc']) chmodSync(machine.at(`/bin/${name}`), 0o755);
  const { status, stderr } = spawnSync(
    'bash',
    [join(root, 'packaging/native/compile.sh'), machine.at('/work')],
    {
      env: {
        PATH: `${machine.at('/bin')}:${process.env['PATH']}`,
        QUICKJS: machine.at('/js'),
        STRIP: ':',
        ...env,
      },
      encoding: 'utf8',
    },
  );
  const words = existsSync(machine.at('/words')) ? readFileSync(machine.at('/words'), 'utf8') : '';
  return { status, stderr, words, library: machine.at('/js/libquickjs.a') };
}

for (const order of [endianness(), undefined])
  test(`compile.sh compiles with QuickJS at the path in QUICKJS, for the byte order ${order ?? 'unknown'}`, (t) => {
    const { status, stderr, words, library } = compile(t, order);
    t.is(status, 0, stderr);
    t.true(words.includes(library));
  });

test('compile.sh rejects a compiler for the other byte order, since qjsc writes bytecode in that of this machine', (t) => {
  const { status, stderr, words } = compile(t, endianness() === 'LE' ? 'BE' : 'LE');
  t.is(status, 1);
  t.is(
    stderr,
    "compile: expected a C compiler for a machine with the byte order of this one, found cc; or set QJSC to that machine's qjsc under qemu-user\n",
  );
  t.is(words, '');
});

test('compile.sh compiles for the other byte order with the qjsc in QJSC, which may have arguments', (t) => {
  const { status, stderr, words } = compile(t, endianness() === 'LE' ? 'BE' : 'LE', { QJSC: 'env qjsc' });
  t.is(status, 0, stderr);
  t.not(words, '');
});

test('vfio-names.service runs only the program, sh and mkdir', (t) => {
  const unit = text('packaging/systemd/vfio-names.service');
  const programs = [...unit.matchAll(/^Exec\w+=\+?(\S+)/gm)].map(([, program = '']) => program);
  t.deepEqual(programs.sort(), ['/bin/sh', '/usr/bin/mkdir', '/usr/bin/vfio-names']);
});

test('every package contains the licence of QuickJS, which is linked into the programs', (t) => {
  const notice = 'packaging/native/LICENSE.quickjs';
  for (const path of [notice, 'packaging/debian/copyright']) {
    t.regex(text(path), /Copyright[^\n]* 2017-2021 Fabrice Bellard/, path);
    t.regex(text(path), /Permission is hereby granted/, path);
  }
  t.true(text('packaging/install.sh').includes(notice));
  t.true(text('packaging/rpm/vfio-names.spec').includes(notice));
});

test('the changelog of vfio-names.spec starts with its version', (t) => {
  const [, newest = ''] = text('packaging/rpm/vfio-names.spec').split('%changelog\n');
  t.true(newest.split('\n')[0]?.endsWith(` - ${version}-1`), newest);
});

test('every package recipe has the same maintainer address', (t) => {
  const people = recipes.map(({ path }) => /The vfio-names authors <[^>]+>/.exec(text(path))?.[0]);
  t.deepEqual([...new Set(people)], ['The vfio-names authors <maintainers@vfio-names.dev>']);
});

/** packaging/package.sh on a small project, whose families are built by stubs. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import test, { type ExecutionContext } from 'ava';

const top = resolve(import.meta.dirname, '../../..');

interface Project {
  readonly directory: string;
  readonly home: string;
  readonly output: string;
  readonly write: (path: string, text: string) => void;
  /** Runs package.sh with these arguments. */
  readonly run: (...args: readonly string[]) => {
    readonly status: number | null;
    readonly stdout: string;
    readonly stderr: string;
  };
}

/** A project with the families deb, which can be built, and rpm, which cannot. */
function project(t: ExecutionContext): Project {
  const directory = mkdtempSync(join(tmpdir(), 'vfio-names-package-'));
  const output = mkdtempSync(join(tmpdir(), 'vfio-names-packages-'));
  const home = mkdtempSync(join(tmpdir(), 'vfio-names-home-'));
  t.teardown(() => {
    for (const path of [directory, output, home]) rmSync(path, { recursive: true, force: true });
  });
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  for (const name of ['package.sh', 'cached.sh', 'sources.sh'])
    cpSync(join(top, 'packaging', name), join(directory, 'packaging', name));
  const files = [
    'LICENSE',
    'README.md',
    'CHANGELOG.md',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
  ];
  for (const path of [...files, '.npmrc', 'src/a.ts', 'templates/a.hbs', 'rules/a.rules'])
    write(path, 'text\n');
  const sources = readFileSync(join(top, 'packaging/sources.sh'), 'utf8');
  for (const [, names = ''] of sources.matchAll(/^(?:source|build)_modules=\((.*)\)$/gm))
    for (const name of names.split(' ')) write(`node_modules/${name}/package.json`, '{}');
  write('packaging/debian/changelog', ' -- A <a@names.example>  Sat, 21 Nov 2026 12:00:00 +0000\n');
  write('packaging/debian/build.sh', 'cp "$1/src/a.ts" "$2/a.deb"; echo built >> "$HOME/builds"\n');
  write('packaging/rpm/build.sh', 'echo "no rpmbuild" >&2; exit 7\n');
  const run = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync('bash', [join(directory, 'packaging/package.sh'), ...args], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: home, VFIO_NAMES_VM_CACHE: join(home, 'cache') },
    });
    return { status, stdout: stdout.replace(/^ +\d+ s {2}/gm, ''), stderr };
  };
  return { directory, home, output, write, run };
}

const builds = ({ home }: Project): number =>
  readFileSync(join(home, 'builds'), 'utf8').split('\n').length - 1;

test('npm run package prints each step, and takes packages of an unchanged checkout from the cache', (t) => {
  const small = project(t);
  const first = small.run('deb', '--output', small.output);
  t.is(first.status, 0, first.stderr);
  t.is(first.stdout, `deb: building\ndeb: done\npackages: ${small.output}\n`);
  t.is(readFileSync(join(small.output, 'a.deb'), 'utf8'), 'text\n');
  rmSync(join(small.output, 'a.deb'));

  const second = small.run('deb', '--output', small.output);
  t.is(second.status, 0, second.stderr);
  t.regex(
    second.stdout,
    /^deb: not changed since \d{4}-\d\d-\d\d \d\d:\d\d, taken from the cache\ndeb: done\n/,
  );
  t.true(existsSync(join(small.output, 'a.deb')));
  t.is(builds(small), 1);

  small.write('src/a.ts', 'changed\n');
  t.regex(small.run('deb', '--output', small.output).stdout, /^deb: building\n/);
  t.is(readFileSync(join(small.output, 'a.deb'), 'utf8'), 'changed\n');
  t.is(builds(small), 2);
});

test('npm run package -- --rebuild builds what the cache has', (t) => {
  const small = project(t);
  t.is(small.run('deb', '--output', small.output).status, 0);
  t.is(small.run('deb', '--rebuild', '--output', small.output).status, 0);
  t.is(builds(small), 2);
});

for (const options of [[], ['--rebuild']])
  test(`npm run package ${options.join(' ')} ends with status 1 if a family cannot be built, and builds the others`, (t) => {
    const small = project(t);
    const { status, stdout, stderr } = small.run('rpm', 'deb', ...options, '--output', small.output);
    t.is(status, 1);
    t.is(
      stdout,
      `rpm: building\nrpm: could not be built\ndeb: building\ndeb: done\npackages: ${small.output}\n`,
    );
    t.regex(stderr, /^no rpmbuild$/m);
    t.regex(stderr, /^package: could not build rpm$/m);
    t.true(existsSync(join(small.output, 'a.deb')));
  });

test('npm run package rejects wrong arguments and a checkout without npm ci with status 2', (t) => {
  const small = project(t);
  const inside = join(small.directory, 'out');
  for (const [args, message] of [
    [['bad'], 'package: expected deb, rpm, arch, apk, all, --output DIR or --rebuild, found bad\n'],
    [[], 'package: expected deb, rpm, arch, apk or all, found nothing\n'],
    [['deb', '--output'], 'package: expected a directory after --output\n'],
    [
      ['deb', '--output', inside],
      `package: expected a directory outside of ${small.directory}, found ${inside}\n`,
    ],
  ] as const) {
    const { status, stdout, stderr } = small.run(...args);
    t.deepEqual({ status, stdout, stderr }, { status: 2, stdout: '', stderr: message });
  }
  rmSync(join(small.directory, 'node_modules'), { recursive: true });
  const { status, stderr } = small.run('deb');
  t.deepEqual(
    { status, stderr },
    { status: 2, stderr: 'package: expected node_modules, found none; run npm ci\n' },
  );
});

import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import test from 'ava';
import { transformSync } from 'esbuild';
import { fakeRoot } from '../../support/fake-root.ts';

const top = resolve(import.meta.dirname, '../../..');
const { nodeVersionCheck } = createRequire(import.meta.url)(join(top, 'packaging/npm/node-version.mjs')) as {
  readonly nodeVersionCheck: (engines: string) => string;
};

/** What the check does under a Node of that version; `ran` where the program behind it begins. */
function check(version: string, write: (text: string) => void): string | number {
  let end: string | number = 'ran';
  const process = {
    versions: { node: version },
    execPath: '/opt/node',
    stderr: { write },
    exit: (status: number) => {
      end = status;
    },
  };
  const program = new Function('process', 'require', '__filename', nodeVersionCheck('>=20.19'));
  program(process, () => ({ basename: () => 'vfio-names' }), 'vfio-names.cjs');
  return end;
}

for (const version of ['20.19.0', '20.100.0', '22.0.0', '100.0.0'])
  test(`a built program runs on Node ${version}`, (t) => {
    t.is(
      check(version, (text) => t.fail(text)),
      'ran',
    );
  });

for (const version of ['20.18.3', '20.2.0', '18.20.8', '12.22.12', '9.99.0'])
  test(`a built program refuses Node ${version} in one line`, (t) => {
    const texts: string[] = [];
    t.is(
      check(version, (text) => texts.push(text)),
      2,
    );
    t.deepEqual(texts, [
      `vfio-names: expected Node 20.19 or later, found ${version} at /opt/node; install a later Node, or run this program with one\n`,
    ]);
  });

test('the build fails where engines.node has another form than the check', (t) => {
  for (const engines of ['>=20', '^20.19', '>=20.19 || >=22'])
    t.throws(() => nodeVersionCheck(engines), { message: /expected engines\.node like ">=20\.19"/ });
});

test('npm ci refuses a Node that engines excludes', (t) => {
  t.regex(readFileSync(join(top, '.npmrc'), 'utf8'), /^engine-strict=true$/m);
});

// By dist/, not by the program: one that is renamed must fail here.
const built = existsSync(join(top, 'dist')) ? test : test.skip;

for (const name of ['vfio-names', 'vfio_id', 'probe-worker']) {
  const program = join(top, `dist/${name}.cjs`);

  built(`${name}.cjs checks the version of Node before anything else, with status 2`, (t) => {
    const root = fakeRoot(t);
    root.write('/old.cjs', "Object.defineProperty(process, 'versions', { value: { node: '18.20.8' } });\n");
    const run = (stderr: 'pipe' | number) =>
      spawnSync(process.execPath, ['--require', root.at('/old.cjs'), program, '--version'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', stderr],
      });
    const { status, stdout, stderr } = run('pipe');
    t.deepEqual([status, stdout], [2, '']);
    t.regex(stderr, new RegExp(`^${name}: expected Node 20\\.19 or later, found 18\\.20\\.8 at /.*\\n$`));
    const full = openSync('/dev/full', 'w');
    t.teardown(() => closeSync(full));
    t.is(run(full).status, 2, 'where the line cannot be written');
  });

  // A syntax error would come before the check. esbuild rewrites what Node 12 cannot parse, and so changes nothing here.
  built(`Node 12 can parse ${name}.cjs`, (t) => {
    const text = readFileSync(program, 'utf8');
    const code = (target: string) => transformSync(text, { target }).code;
    t.true(code('node12') === code('esnext'));
  });
}

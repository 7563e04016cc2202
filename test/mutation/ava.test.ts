/** The stand-in for ava of the mutation tests, which `npm test` does not run. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test from 'ava';
import config from './stryker.config.json' with { type: 'json' };

const top = resolve(import.meta.dirname, '../..');

/** Runs the module `code`, in which `gather` and `Context` are those of the stand-in, and returns what it prints. */
function runModule(code: string): unknown {
  const script = `import { Context, gather } from './test/mutation/ava.mjs'; ${code}`;
  const args = ['--input-type=module', '--eval', script];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: top, encoding: 'utf8' });
  return stderr === '' ? JSON.parse(stdout) : stderr;
}

/** Returns each NAME of `object.NAME(...)` in the unit tests, sorted. */
function calledMethods(object: string): string[] {
  const call = new RegExp(`(?<![\\w.'])${object}\\.(\\w+)\\(`, 'g');
  const names = unitTests().flatMap((text) => [...text.matchAll(call)].map(([, name = '']) => name));
  return [...new Set(names)].sort();
}

/** Returns the text of each file of unit tests. */
function unitTests(): string[] {
  return readdirSync(join(top, 'test/unit'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(top, 'test/unit', file), 'utf8'));
}

test('the stand-in has every assertion and every kind of test that the unit tests use', (t) => {
  const used = { t: calledMethods('t'), test: calledMethods('test') };
  t.true(used.t.includes('deepEqual') && used.test.includes('macro'));
  const found = runModule(`
    const has = (object, names) => names.filter((name) => typeof object[name] === 'function');
    const used = ${JSON.stringify(used)};
    console.log(JSON.stringify({ t: has(new Context(), used.t), test: has(gather().test, used.test) }));
  `);
  t.deepEqual(found, used);
});

test('a test in the stand-in fails if an assertion fails, also one that it does not await', (t) => {
  const results = runModule(`
    const { test, tests } = gather();
    const nothing = async () => undefined;
    test('equal', (t) => t.deepEqual({ a: [1] }, { a: [1] }));
    test('different', (t) => t.deepEqual({ a: [1] }, { a: [2] }));
    test('like', (t) => t.like({ a: 1, b: 2 }, { a: 1 }));
    test('unlike', (t) => t.like({ a: 1, b: 2 }, { a: 2 }));
    test('rejected', (t) => void t.throwsAsync(Promise.reject(new Error('x')), { message: 'x' }));
    test('not rejected', (t) => void t.throwsAsync(nothing));
    test('wrong code', (t) => void t.throws(() => JSON.parse('{'), { code: 'other' }));
    const found = tests.map(async ({ title, run }) => [title, await run().then(() => true, () => false)]);
    console.log(JSON.stringify(Object.fromEntries(await Promise.all(found))));
  `);
  t.deepEqual(results, {
    equal: true,
    different: false,
    like: true,
    unlike: false,
    rejected: true,
    'not rejected': false,
    'wrong code': false,
  });
});

test('the stand-in calls teardown functions in reverse order, also after a failed assertion', (t) => {
  const order = runModule(`
    const { test, tests } = gather();
    const order = [];
    test('fails', (t) => {
      t.teardown(() => order.push('first'));
      t.teardown(() => order.push('second'));
      t.fail();
    });
    await tests[0].run().catch(() => order.unshift('failed'));
    console.log(JSON.stringify(order));
  `);
  t.deepEqual(order, ['failed', 'second', 'first']);
});

/** Returns the paths that a glob such as `src/links/{plan,tree}.ts` lists. */
function listed(glob: string): string[] {
  const [, before = '', names = '', after = ''] = /^(.*)\{(.*)\}(.*)$/.exec(glob) ?? [];
  return names === '' ? [glob.replace('/*.ts', '')] : names.split(',').map((name) => before + name + after);
}

test('every source and every test that the configuration of Stryker lists exists', (t) => {
  const paths = [...config.mutate.flatMap(listed), ...config.inProcess.tests];
  t.deepEqual(
    paths.filter((path) => !existsSync(join(top, path))),
    [],
  );
  const texts = unitTests();
  const gone = config.inProcess.skippedForSize.filter((title) => !texts.some((text) => text.includes(title)));
  t.deepEqual(gone, []);
});

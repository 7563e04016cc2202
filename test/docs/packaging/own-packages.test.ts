import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type FakeRoot, fakeRoot } from '../../support/fake-root.ts';

const top = resolve(import.meta.dirname, '../../..');
const { ownPackages } = createRequire(import.meta.url)(join(top, 'packaging/npm/own-packages.mjs')) as {
  readonly ownPackages: string;
};

/** Runs a program with the code at `path`, which prints what the package `tool` exports. */
function run(root: FakeRoot, path: string, env: Record<string, string> = {}): string {
  root.write(
    path,
    `${ownPackages}\ntry { console.log(require('tool')); } catch (error) { console.log(error.code); }\n`,
  );
  return spawnSync(process.execPath, [root.at(path)], { encoding: 'utf8', env }).stdout.trim();
}

const place = (root: FakeRoot, directory: string, text = "module.exports = 'loaded';") =>
  root.write(`${directory}/tool/index.js`, text);

for (const [title, program, directory] of [
  ['beside the program', '/lib/prog/prog.cjs', '/lib/prog/node_modules'],
  ['in the package of the program', '/x/prog/dist/prog.cjs', '/x/prog/node_modules'],
  ['beside the package of the program', '/x/node_modules/prog/dist/prog.cjs', '/x/node_modules'],
] as const)
  test(`a built program loads a package ${title}`, (t) => {
    const root = fakeRoot(t);
    place(root, directory);
    t.is(run(root, program), 'loaded');
  });

for (const [title, program, directory, env] of [
  ['in NODE_PATH', '/x/dist/prog.cjs', '/own', { NODE_PATH: '/own' }],
  ['in .node_modules of HOME', '/x/dist/prog.cjs', '/home/.node_modules', { HOME: '/home' }],
  ['in .node_libraries of HOME', '/x/dist/prog.cjs', '/home/.node_libraries', { HOME: '/home' }],
  ['above the package of the program', '/x/y/dist/prog.cjs', '/x/node_modules', {}],
  ['above a program that is in no package', '/x/y/prog.cjs', '/x/node_modules', {}],
  ['far above a package in node_modules', '/x/node_modules/y/dist/prog.cjs', '/node_modules', {}],
] as const)
  test(`a built program loads no package ${title}`, (t) => {
    const root = fakeRoot(t);
    place(root, directory);
    const variables = Object.entries(env).map(([name, path]) => [name, root.at(path)]);
    t.is(run(root, program, Object.fromEntries(variables)), 'MODULE_NOT_FOUND');
  });

test('a built program is not the package that a package.json above it names', (t) => {
  const root = fakeRoot(t);
  root.write('/x/package.json', JSON.stringify({ name: 'tool', exports: './index.js' }));
  root.write('/x/index.js', "module.exports = 'loaded';");
  t.is(run(root, '/x/dist/prog.cjs'), 'MODULE_NOT_FOUND');
});

function packageThatLoads(t: ExecutionContext, dependency: string): string {
  const root = fakeRoot(t);
  place(root, '/x/node_modules', "module.exports = require('part');");
  root.write(`${dependency}/part/index.js`, "module.exports = 'part';");
  return run(root, '/x/dist/prog.cjs', { HOME: root.at('/home') });
}

test('a package of a built program loads packages in it and beside it, and no others', (t) => {
  t.is(packageThatLoads(t, '/x/node_modules'), 'part');
  t.is(packageThatLoads(t, '/x/node_modules/tool/node_modules'), 'part');
  t.is(packageThatLoads(t, '/home/.node_modules'), 'MODULE_NOT_FOUND');
  t.is(packageThatLoads(t, '/node_modules'), 'MODULE_NOT_FOUND');
});

test('a built program loads modules of Node, and files by their path', (t) => {
  const root = fakeRoot(t);
  root.write('/x/dist/part.cjs', "module.exports = require('fs') === require('node:fs');");
  root.write('/x/dist/prog.cjs', `${ownPackages}\nconsole.log(require('./part.cjs'));\n`);
  t.is(spawnSync(process.execPath, [root.at('/x/dist/prog.cjs')], { encoding: 'utf8' }).stdout, 'true\n');
});

test('every built program begins with the code that keeps it to its own packages', (t) => {
  const build = readFileSync(join(top, 'packaging/npm/build.mjs'), 'utf8');
  // The only build with the entries; parts and libraries are loaded by one of them.
  t.regex(build, /entryPoints: entries,[^}]*banner: \{ js: `[^`]*\$\{ownPackages\}` \}/s);
});

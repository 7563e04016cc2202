/** The npm package as a user of the library has it: packed, unpacked into a small project, and used there. */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { version } from '../../../src/version.ts';
import { fakeRoot } from '../../support/fake-root.ts';
import { scratchPath } from '../../support/world.ts';

const top = resolve(import.meta.dirname, '../../..');
const require = createRequire(import.meta.url);

interface Declaration {
  readonly name: string;
  readonly comment: string;
  readonly text: string;
  readonly exported: boolean;
}

const { libraryDeclarations, declarationFile } = require(join(top, 'packaging/npm/declarations.mjs')) as {
  readonly libraryDeclarations: () => readonly Declaration[];
  readonly declarationFile: (declarations: readonly Declaration[]) => string;
};
const { apiPage, undocumented } = require(join(top, 'packaging/npm/api-page.mjs')) as {
  readonly apiPage: (declarations: readonly Declaration[]) => string;
  readonly undocumented: (declarations: readonly Declaration[]) => readonly string[];
};

let known: readonly Declaration[] | undefined;
/** The declarations of the source; compiled once, on first use. */
function declarations(): readonly Declaration[] {
  known ??= libraryDeclarations();
  return known;
}

test('LIBRARY.md is what the comments of the source say (UPDATE_GOLDEN=1 writes it)', (t) => {
  const file = join(top, 'LIBRARY.md');
  const page = apiPage(declarations());
  if (process.env['UPDATE_GOLDEN'] === '1') fs.writeFileSync(file, page);
  t.is(fs.readFileSync(file, 'utf8'), page);
});

test('every type of the library and every member of it has a comment', (t) => {
  t.deepEqual(undocumented(declarations()), []);
});

test('every type that a type of the library mentions is exported, except bases and parameters', (t) => {
  const hidden = declarations().filter(({ exported }) => !exported);
  t.deepEqual(hidden.map(({ name }) => name).sort(), ['ErrorDetails', 'TextFacts']);
});

/** Packs the package as npm publishes it; returns the path of the tarball. */
function packInto(t: ExecutionContext, directory: string): string {
  const { status, stdout, stderr } = spawnSync(
    'npm',
    ['pack', '--ignore-scripts', '--silent', '--offline', '--pack-destination', directory],
    { cwd: top, encoding: 'utf8' },
  );
  t.is(status, 0, stderr);
  return join(directory, stdout.trim());
}

/** A project whose node_modules has the package: unpacked from the tarball that npm makes. */
function project(t: ExecutionContext): string {
  const directory = scratchPath(t);
  const installed = join(directory, 'node_modules/vfio-names');
  fs.mkdirSync(installed, { recursive: true });
  const tarball = packInto(t, directory);
  t.is(spawnSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']).status, 0);
  fs.writeFileSync(join(directory, 'package.json'), '{ "type": "module" }\n');
  return directory;
}

function node(directory: string, source: string, ...args: readonly string[]) {
  const file = join(directory, 'program.js');
  fs.writeFileSync(file, source);
  return spawnSync(process.execPath, [file, ...args], { cwd: directory, encoding: 'utf8', timeout: 60_000 });
}

// `npm test` builds before it runs the tests.
const packedTest = fs.existsSync(join(top, 'dist/index.js')) ? test : test.skip;

packedTest('npm install --global installs the program from the tarball, without network', (t) => {
  const directory = scratchPath(t);
  fs.mkdirSync(directory, { recursive: true });
  const options = ['--prefix', directory, '--offline', '--omit=optional', '--silent'];
  const words = ['install', '--global', ...options, packInto(t, directory)];
  const { status, stderr } = spawnSync('npm', words, { cwd: directory, encoding: 'utf8' });
  t.is(status, 0, stderr);
  const program = spawnSync(join(directory, 'bin/vfio-names'), ['--version'], { encoding: 'utf8' });
  t.is(program.stdout, `vfio-names ${version}\n`);
});

packedTest('a project that installs the packed package uses every function of the library', (t) => {
  const directory = project(t);
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', driver: 'vfio-pci', group: '14' });
  root.write('/etc/vfio-names/10.toml', '[names.by-alias]\ngpu = { name = "0000:01:00.0" }\n');
  const { status, stdout, stderr } = node(
    directory,
    `import { open, VfioNamesError, exitStatus } from 'vfio-names';
const machine = await open({ root: process.argv[2] });
const print = (...words) => console.log(...words);
print('plan', machine.plan().changes.map(({ link }) => link).join());
const service = await machine.watch();
await service.close();
print('sync', machine.sync().outcomes.length);
print('list', machine.list().map(({ name, group, cdev }) => [name, group, cdev.available].join()).join());
print('find', machine.find('gpu').links.join());
print('verify', machine.verify().every(({ code }) => code === 'node-not-char'));
for (const fn of [() => machine.resolve('nosuch'), () => machine.openDevice('gpu'), () => open({ root: '/none' })])
  try {
    await fn();
  } catch (error) {
    print(error instanceof VfioNamesError, error.code, error.status, error.hint !== undefined);
  }
print(Object.keys(await import('vfio-names')).sort().join(), exitStatus.noDevice);
`,
    root.dir,
  );
  t.is(stderr, '');
  t.is(status, 0);
  t.deepEqual(stdout.trimEnd().split('\n'), [
    'plan by-alias/gpu,pci/0000:01:00.0',
    'sync 0',
    'list 0000:01:00.0,14,true',
    'find /dev/vfio/pci/0000:01:00.0,/dev/vfio/by-alias/gpu',
    'verify true',
    'true no-device 3 true',
    'true usage 2 true',
    'true usage 2 false',
    'VfioNamesError,exitStatus,open 3',
  ]);
  t.is(root.links()['by-alias/gpu'], '../devices/vfio0');
});

packedTest('a project cannot import internals of the package, and can read its schemas', (t) => {
  const directory = project(t);
  const { stdout } = node(
    directory,
    `import { createRequire } from 'node:module';
for (const path of ['dist/index.js', 'dist/parts/list.cjs', 'src/index.ts'])
  await import('vfio-names/' + path).catch((error) => console.log(error.code));
const require = createRequire(import.meta.url);
console.log(require('vfio-names/schemas/list.json').title, require('vfio-names/package.json').name);
`,
  );
  t.deepEqual(stdout.trimEnd().split('\n'), [
    ...Array(3).fill('ERR_PACKAGE_PATH_NOT_EXPORTED'),
    'vfio-names list --json vfio-names',
  ]);
});

packedTest('the program of the package names a missing optional package in one line', (t) => {
  const directory = project(t);
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', driver: 'vfio-pci' });
  const program = join(directory, 'node_modules/vfio-names/dist/vfio-names.cjs');
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  const svg = run('graph', '--format', 'svg', '--root', root.dir);
  t.is(svg.status, 5);
  t.regex(svg.stderr, /^vfio-names: .*@viz-js\/viz.*found none; npm install @viz-js\/viz.*\n$/);
  const probe = run('probe', '--host-root', root.dir, 'vfio0');
  t.is(probe.status, 5, probe.stdout);
  t.regex(`${probe.stderr}${probe.stdout}`, /^.*@koromix\/koffi-linux-.*, which is not installed.*\n$/);
});

test("the library's types work in a strict project without @types/node", (t) => {
  const directory = scratchPath(t);
  const installed = join(directory, 'node_modules/vfio-names');
  fs.mkdirSync(join(installed, 'dist'), { recursive: true });
  fs.copyFileSync(join(top, 'package.json'), join(installed, 'package.json'));
  fs.writeFileSync(join(installed, 'dist/index.d.ts'), declarationFile(declarations()));
  fs.writeFileSync(
    join(directory, 'consumer.ts'),
    `import { open, VfioNamesError, exitStatus, type Finding, type ListedDevice, type Watch } from 'vfio-names';
export async function main(): Promise<string> {
  const machine = await open({ root: '/mnt/image', policy: '/mnt/policy.toml' });
  const devices: readonly ListedDevice[] = machine.list();
  const groups: (number | undefined)[] = devices.map(({ group }) => group);
  const findings: readonly Finding[] = machine.verify();
  const service: Watch = await machine.watch({ onEvent: ({ link }) => link?.length, interval: groups.length });
  await service.close();
  try {
    const { fd, close } = await machine.openDevice('gpu', { timeout: 1 });
    close();
    return machine.resolve(devices[0]?.name ?? machine.find('gpu').name).nodePath + findings.length + fd.toFixed();
  } catch (error) {
    if (error instanceof VfioNamesError && error.status === exitStatus.noDevice) return error.hint ?? error.code;
    throw error;
  }
}
// @ts-expect-error: not exported
import type { TextFacts } from 'vfio-names';
`,
  );
  fs.writeFileSync(join(directory, 'package.json'), '{ "type": "module" }\n');
  fs.writeFileSync(
    join(directory, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        module: 'nodenext',
        target: 'es2023',
        lib: ['es2023'],
        types: [],
        noEmit: true,
      },
      include: ['consumer.ts'],
    }),
  );
  const consumer = spawnSync(
    process.execPath,
    [join(top, 'node_modules/typescript/bin/tsc'), '--project', directory],
    { cwd: directory, encoding: 'utf8' },
  );
  t.is(consumer.status, 0, consumer.stdout);
});

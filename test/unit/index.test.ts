import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join, resolve } from 'node:path';
import test from 'ava';
import { open, VfioNamesError } from '../../src/index.ts';
import { type FakeRoot, fakeRoot } from '../support/fake-root.ts';
import { scratchPath } from '../support/world.ts';

const top = resolve(import.meta.dirname, '../..');

/** Nodes are files where mknod is not allowed, so these tests need no device number. */
function machine(root: FakeRoot): void {
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', driver: 'vfio-pci' });
  root.add({ name: '0000:02:00.0', sysname: 'vfio1', driver: 'vfio-pci' });
  root.write('/etc/vfio-names/10.toml', '[names.by-alias]\ngpu = { name = "0000:01:00.0" }\n');
}

test("the library's sync creates the links of the policy and never removes them", async (t) => {
  const root = fakeRoot(t);
  machine(root);
  const api = await open({ root: root.dir });
  t.deepEqual(
    api.plan().changes.map(({ action, link }) => `${action} ${link}`),
    ['create by-alias/gpu', 'create pci/0000:01:00.0', 'create pci/0000:02:00.0'],
  );
  t.true(api.sync().stable);
  t.is(root.links()['by-alias/gpu'], '../devices/vfio0');
  const again = (await open({ root: root.dir })).sync();
  t.deepEqual(again, { outcomes: [], access: [], stable: true, conflicts: [], skipped: [], problems: [] });
  t.is(root.links()['by-alias/gpu'], '../devices/vfio0');
});

test('the library lists, finds, resolves and verifies devices, by alias too', async (t) => {
  const root = fakeRoot(t);
  machine(root);
  const api = await open({ root: root.dir });
  api.sync();
  t.is(api.find('gpu').name, '0000:01:00.0');
  t.deepEqual(api.find('02:00.0').links, ['/dev/vfio/pci/0000:02:00.0']);
  t.is(api.list().length, 2);
  t.deepEqual(api.list()[0]?.cdev, { available: true });
  t.throws(() => api.resolve('nosuch'), { instanceOf: VfioNamesError, code: 'no-device' });
  if (process.getuid?.() !== 0) return;
  t.deepEqual(api.verify(), []);
  t.is(api.find('gpu').state, 'ok');
  t.is(api.resolve('gpu').nodePath, '/dev/vfio/devices/vfio0');
  fs.rmSync(root.at('/dev/vfio/by-alias/gpu'));
  t.is(api.find('gpu').state, 'link-missing');
  t.deepEqual(
    api.verify().map(({ code }) => code),
    ['link-missing'],
  );
});

test('the library refuses an invalid policy before it changes anything', async (t) => {
  const root = fakeRoot(t);
  machine(root);
  root.write('/etc/vfio-names/20.toml', 'nonsense\n');
  await t.throwsAsync(open({ root: root.dir }), { code: 'policy' });
  t.deepEqual(root.links(), {});
});

test("the library's types work in a strict project without @types/node", (t) => {
  const directory = scratchPath(t);
  const tsc = (args: readonly string[], cwd: string) =>
    spawnSync(process.execPath, [join(top, 'node_modules/typescript/bin/tsc'), ...args], {
      cwd,
      encoding: 'utf8',
    });
  const installed = join(directory, 'node_modules/vfio-names');
  fs.mkdirSync(installed, { recursive: true });
  fs.copyFileSync(join(top, 'package.json'), join(installed, 'package.json'));
  const project = join(top, 'packaging/npm/tsconfig.types.json');
  const build = tsc(['--project', project, '--outDir', join(installed, 'dist/types')], top);
  t.is(build.status, 0, build.stdout);
  fs.writeFileSync(
    join(directory, 'consumer.ts'),
    `import { open, VfioNamesError, exitStatus, type Finding, type ListedDevice } from 'vfio-names';
export async function main(): Promise<string> {
  const machine = await open({ root: '/mnt/image', policy: '/mnt/policy.toml' });
  const devices: readonly ListedDevice[] = machine.list();
  const findings: readonly Finding[] = machine.verify();
  try {
    return machine.resolve(devices[0]?.name ?? machine.find('gpu').name).nodePath + findings.length;
  } catch (error) {
    if (error instanceof VfioNamesError && error.status === exitStatus.noDevice) return error.hint ?? error.code;
    throw error;
  }
}
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
  const consumer = tsc(['--project', directory], directory);
  t.is(consumer.status, 0, consumer.stdout);
});

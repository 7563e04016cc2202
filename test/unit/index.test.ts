import * as fs from 'node:fs';
import test from 'ava';
import { open, VfioNamesError } from '../../src/index.ts';
import { openMachine } from '../../src/library/open.ts';
import { nodeSystem } from '../../src/system/node/system.ts';
import { type FakeRoot, fakeRoot } from '../support/fake-root.ts';

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

const openTest = process.getuid?.() === 0 ? test : test.skip;

openTest('openDevice opens the node of the device once and closes it once', async (t) => {
  const root = fakeRoot(t);
  // The null device can be opened.
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', devnum: '1:3', driver: 'vfio-pci' });
  const closed: number[] = [];
  const close = (fd: number): void => {
    closed.push(fd);
    nodeSystem.nodes.close(fd);
  };
  const system = { ...nodeSystem, nodes: { ...nodeSystem.nodes, close } };
  const api = await openMachine(system, { hostRoot: root.dir });
  const opened = await api.openDevice('01:00.0', { timeout: 60 });
  t.is(opened.device.name, '0000:01:00.0');
  t.is(fs.fstatSync(opened.fd).rdev, 0x103);
  t.false(closed.includes(opened.fd));
  opened.close();
  // The number may belong to another file by now.
  opened.close();
  t.is(closed.filter((fd) => fd === opened.fd).length, 1);
});

openTest('openDevice rejects a node of another device', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', noNode: true });
  root.node('/dev/vfio/devices/vfio0', '1:3');
  const api = await open({ hostRoot: root.dir });
  await t.throwsAsync(api.openDevice('vfio0', { timeout: 60 }), {
    instanceOf: VfioNamesError,
    code: 'node-mismatch',
  });
});

test('openDevice opens no device below the root of another machine', async (t) => {
  const root = fakeRoot(t);
  machine(root);
  const api = await open({ root: root.dir });
  await t.throwsAsync(api.openDevice('vfio0'), { code: 'usage', message: /own tree/ });
});

test('open rejects a root that is not a directory, and two roots', async (t) => {
  const root = fakeRoot(t);
  root.write('/etc/passwd', '');
  await t.throwsAsync(open({ root: root.at('/etc/passwd') }), { code: 'usage', message: /found a file/ });
  await t.throwsAsync(open({ root: root.at('/none') }), { code: 'usage', message: /found nothing/ });
  await t.throwsAsync(open({ root: root.dir, hostRoot: root.dir }), { code: 'usage', message: /found both/ });
});

test('watch creates the links, reports changes with absolute paths, and stops', async (t) => {
  const root = fakeRoot(t);
  machine(root);
  const api = await open({ root: root.dir });
  const events: string[] = [];
  let seen = (): void => {};
  const service = await api.watch({
    onEvent: ({ event, link }, trigger) => {
      events.push(`${trigger}: ${event} ${link}`);
      if (link === '/dev/vfio/pci/0000:03:00.0') seen();
    },
  });
  t.is(root.links()['by-alias/gpu'], '../devices/vfio0');
  t.true(events.includes('start: added /dev/vfio/by-alias/gpu'));
  const added = new Promise<void>((resolve) => {
    seen = resolve;
  });
  root.add({ name: '0000:03:00.0', sysname: 'vfio2', driver: 'vfio-pci' });
  await added;
  t.is(root.links()['pci/0000:03:00.0'], '../devices/vfio2');
  await service.close();
  await service.done;
  root.add({ name: '0000:04:00.0', sysname: 'vfio3', driver: 'vfio-pci' });
  t.false('pci/0000:04:00.0' in root.links());
});

test('watch reports a policy that reload() rejects, and rejects if the policy is invalid at the start', async (t) => {
  const root = fakeRoot(t);
  machine(root);
  const api = await open({ root: root.dir });
  const rejected = await new Promise<string>((resolve, reject) => {
    api.watch({ onError: resolve }).then((service) => {
      t.teardown(() => service.close());
      root.write('/etc/vfio-names/20.toml', 'nonsense\n');
      service.reload();
    }, reject);
  });
  t.regex(rejected, /20\.toml/);
  await t.throwsAsync(api.watch(), { code: 'policy' });
});

test('hints and remedies of the library name its functions, not commands', async (t) => {
  const root = fakeRoot(t);
  machine(root);
  const api = await open({ root: root.dir });
  const error = t.throws<VfioNamesError>(() => api.find('nosuch'), { instanceOf: VfioNamesError });
  t.is(error?.hint, 'list() shows the devices');
  t.true(error instanceof Error);
  for (const { remedy } of api.verify()) t.notRegex(remedy, /vfio-names (?:list|plan|sync|verify|show)\b/);
  t.true(api.verify().some(({ remedy }) => remedy.startsWith('sync()')));
});

import test from 'ava';
import { linksOfOthers, targetNode, udevLinks } from '../../../src/links/ownership.ts';
import { vfioId } from '../../../src/vfio-id/vfio-id.ts';
import { runCli } from '../../support/cli.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';

test('targetNode accepts only the relative path of a node from the depth of the link', (t) => {
  t.is(targetNode('pci/gpu', '../devices/vfio0'), 'vfio0');
  t.is(targetNode('by-a/b/c', '../../devices/vfio0'), 'vfio0');
  for (const target of [
    '/dev/vfio/devices/vfio0',
    '../../devices/vfio0',
    '../devices/',
    '../devices/.',
    '../devices/..',
    '../devices/a/b',
    'devices/vfio0',
    '../devices/other',
    '../devices/noiommu-vfio0',
    '../devices/vfio',
    '../devices/vfio00',
    '../devices/vfio0x',
    '../devicesX/vfio0',
    '',
  ])
    t.is(targetNode('pci/gpu', target), undefined, target);
  for (const link of ['gpu', 'devices/x', 'vfio/x', '14/x', 'noiommu-3/x'])
    t.is(targetNode(link, `${'../'.repeat(link.split('/').length - 1)}devices/vfio0`), undefined, link);
});

function machine(root: FakeRoot) {
  return root.add({ name: '0000:01:00.0', sysname: 'vfio0', group: '1' });
}

test('udevLinks returns the links of a node in the database, undefined for a node without an entry', (t) => {
  const root = fakeRoot(t);
  root.write('/run/udev/data/c247:0', 'S:vfio/by-id/gpu\nI:12\nE:A=S:no\nS:vfio/pci/0000:01:00.0\n');
  t.deepEqual(
    [...(udevLinks(fakeFiles, root.dir, '247:0') ?? [])],
    ['vfio/by-id/gpu', 'vfio/pci/0000:01:00.0'],
  );
  t.is(udevLinks(fakeFiles, root.dir, '247:1'), undefined);
});

test('linksOfOthers returns unclaimed links that the database of udev lists for the node that they lead to', (t) => {
  const root = fakeRoot(t);
  machine(root);
  const names = [
    'by-id/a',
    'by-id/b',
    'pci/mine',
    'pci/0000:01:00.0',
    'x/y/z',
    'mdev/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001',
  ];
  root.write('/run/udev/data/c247:0', names.map((name) => `S:vfio/${name}\n`).join(''));
  const entries = [...names, 'by-id/unlisted'].map((link) => {
    const target = `${'../'.repeat(link.split('/').length - 1)}devices/vfio0`;
    return [link, { kind: 'symlink', target }] as const;
  });
  const find = (claimed: string[], devnum: string | undefined) => [
    ...linksOfOthers(fakeFiles, root.dir, entries, new Set(claimed), () => devnum),
  ];
  t.deepEqual(find(['by-id/b'], '247:0'), ['by-id/a', 'pci/mine', 'x/y/z']);
  t.deepEqual(find([], undefined), []);
});

const foreign = 'by-id/windows-gpu';

function withForeignLink(root: FakeRoot): void {
  machine(root);
  root.linkWithTarget('/dev/vfio/pci/0000:01:00.0', '../devices/vfio0');
  root.linkWithTarget(`/dev/vfio/${foreign}`, '../devices/vfio0');
  root.write('/run/udev/data/c247:0', `S:vfio/${foreign}\nS:vfio/pci/0000:01:00.0\n`);
}

test('sync, plan, verify and list leave a link of the rule of another program alone', async (t) => {
  const root = fakeRoot(t);
  withForeignLink(root);
  for (const command of ['plan', 'verify', 'sync', 'list'])
    t.is((await runCli([command, '--root', root.dir], { files: fakeFiles })).status, 0, command);
  t.is(root.links()[foreign], '../devices/vfio0');
});

test('sync removes a link with the target of ours that udev does not list or whose device is gone', async (t) => {
  const root = fakeRoot(t);
  withForeignLink(root);
  root.write('/run/udev/data/c247:0', 'S:vfio/pci/0000:01:00.0\n');
  root.linkWithTarget('/dev/vfio/usb/1-1', '../devices/vfio7');
  root.write('/run/udev/data/c247:7', 'S:vfio/usb/1-1\n');
  const { status } = await runCli(['sync', '--root', root.dir], { files: fakeFiles });
  t.is(status, 0);
  t.deepEqual(Object.keys(root.links()), ['pci/0000:01:00.0']);
});

test('sync and verify find the link of a device on a bus that we do not know, once the device is gone', async (t) => {
  const root = fakeRoot(t);
  const device = root.add({ bus: 'later', name: 'dev0', sysname: 'vfio3' });
  await runCli(['sync', '--root', root.dir], { files: fakeFiles });
  t.deepEqual(root.links(), { 'later/dev0': '../devices/vfio3' });
  root.unbind(device);
  const { status, out } = await runCli(['verify', '--root', root.dir], { files: fakeFiles });
  t.is(status, 1);
  t.regex(out, /^link-orphaned: \/dev\/vfio\/later\/dev0/);
  await runCli(['sync', '--root', root.dir], { files: fakeFiles });
  t.deepEqual(root.links(), {});
});

test('vfio_id link remove removes the links of the node on every bus, except those of other rules', (t) => {
  const root = fakeRoot(t);
  const remove = () =>
    vfioId(
      { argv: ['link', 'remove', '/x/vfio0'], env: {} },
      { files: fakeFiles, root: root.dir, version: '', token: 't' },
    );
  withForeignLink(root);
  root.linkWithTarget('/dev/vfio/later/dev0', '../devices/vfio0');
  t.is(remove().status, 0);
  t.deepEqual(Object.keys(root.links()), [foreign, 'pci/0000:01:00.0']);
  root.unbind({ bus: 'pci', name: '', sysname: 'vfio0', syspath: '/sys/devices/pci0000:00/0000:01:00.0' });
  t.is(remove().status, 0);
  t.deepEqual(root.links(), {});
});

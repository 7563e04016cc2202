import * as fs from 'node:fs';
import test from 'ava';
import { parseClassLink, scanDevice, scanDevices } from '../../../src/devices/scan.ts';
import type { Files } from '../../../src/system/files.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { errnoError, hookedFiles } from '../../support/hooked-files.ts';

function names(root: FakeRoot, files: Files = fakeFiles): string[] {
  return scanDevices(files, root.dir).devices.map(
    (device) => `${device.bus}/${device.name}=${device.sysname}`,
  );
}

function problems(root: FakeRoot, files: Files = fakeFiles): string[] {
  return scanDevices(files, root.dir).problems.map(({ file, message }) => `${file}: ${message}`);
}

test('scan returns bus, name, sysname, device number and directory of a device', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio3', devnum: '247:3', noNode: true });
  t.deepEqual(scanDevices(fakeFiles, root.dir), { devices: [device], problems: [], unreadableCount: 0 });
});

test('scan returns no devices and no problems without the class directory', (t) => {
  const root = fakeRoot(t);
  fs.rmdirSync(root.at('/sys/class/vfio-dev'));
  t.deepEqual(scanDevices(fakeFiles, root.dir), { devices: [], problems: [], unreadableCount: 0 });
});

test('scan sorts devices in natural order', (t) => {
  const root = fakeRoot(t);
  for (const [index, name] of ['0000:10:00.0', '10000:01:00.0', '0000:09:00.0'].entries())
    root.add({ name, sysname: `vfio${index}`, noNode: true });
  root.add({ bus: 'amba', name: 'x10', sysname: 'vfio8', noNode: true });
  root.add({ bus: 'amba', name: 'x9', sysname: 'vfio9', noNode: true });
  t.deepEqual(names(root), [
    'amba/x9=vfio9',
    'amba/x10=vfio8',
    'pci/0000:09:00.0=vfio2',
    'pci/0000:10:00.0=vfio0',
    'pci/10000:01:00.0=vfio1',
  ]);
});

test('scan takes the bus from the immediate parent: platform below PCI, PCI below a platform bridge, mdev', (t) => {
  const root = fakeRoot(t);
  const below = '/sys/devices/pci0000:00/0000:00:05.0';
  root.add({ bus: 'platform', name: 'dma.0', sysname: 'vfio0', parent: below, noNode: true });
  root.add({
    name: '0001:00:00.0',
    sysname: 'vfio1',
    parent: '/sys/devices/platform/4010.pcie',
    noNode: true,
  });
  const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';
  root.add({ bus: 'mdev', name: uuid, sysname: 'vfio2', parent: below, noNode: true });
  t.deepEqual(names(root), [`mdev/${uuid}=vfio2`, 'pci/0001:00:00.0=vfio1', 'platform/dma.0=vfio0']);
});

test('scan returns a device without devnum and no problem if the dev file is missing', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', devnum: false });
  const { devices, problems: noProblems } = scanDevices(fakeFiles, root.dir);
  t.deepEqual(noProblems, []);
  t.is(devices.length, 1);
  t.false('devnum' in (devices[0] ?? {}));
});

test('scan returns no-IOMMU devices with and without a node', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'noiommu-vfio0', devnum: false });
  root.add({ name: '0000:02:00.0', sysname: 'noiommu-vfio1', noNode: true });
  t.deepEqual(names(root), ['pci/0000:01:00.0=noiommu-vfio0', 'pci/0000:02:00.0=noiommu-vfio1']);
});

test('scan accepts a PCI domain of more than four digits', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '10000:e1:00.0', sysname: 'vfio0', noNode: true });
  t.deepEqual(names(root), ['pci/10000:e1:00.0=vfio0']);
});

const vanishing = test.macro({
  exec(t, call: string, ending: string) {
    const root = fakeRoot(t);
    const removed = root.add({ name: '0000:01:00.0', sysname: 'vfio0', noNode: true });
    root.add({ name: '0000:02:00.0', sysname: 'vfio1', noNode: true });
    const files = hookedFiles(({ name, path }) => {
      if (name === call && path.endsWith(ending)) root.unbind(removed);
    });
    t.deepEqual(names(root, files), ['pci/0000:02:00.0=vfio1']);
    root.add({ name: '0000:01:00.0', sysname: 'vfio0', noNode: true });
    t.deepEqual(problems(root, files), ['/sys/class/vfio-dev/vfio0: went away while it was read, ignoring']);
  },
  title: (_, call, ending) =>
    `scan reports a device that disappears before ${call} of ${ending} and returns the others`,
});
test(vanishing, 'readlink', 'class/vfio-dev/vfio0');
test(vanishing, 'read', '0000:01:00.0/vfio-dev/vfio0/dev');

test('scanDevice returns undefined if the directory disappears after the missing dev file', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio0', devnum: false });
  const files = hookedFiles(({ name }) => {
    if (name === 'lstat') root.unbind(device);
  });
  t.is(scanDevice(files, root.dir, 'vfio0'), undefined);
});

test('scanDevice returns undefined if a read fails with ENODEV', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', noNode: true });
  const files = hookedFiles(({ name }) => {
    if (name === 'read') throw errnoError('ENODEV');
  });
  t.is(scanDevice(files, root.dir, 'vfio0'), undefined);
});

test('scan reports an unreadable attribute with its errno', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', noNode: true });
  const files = hookedFiles(({ name }) => {
    if (name === 'read') throw errnoError('EIO');
  });
  t.deepEqual(problems(root, files), ['/sys/class/vfio-dev/vfio0: EIO, ignoring']);
});

test('scan throws errors that are not failed system calls', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', noNode: true });
  const files = hookedFiles(({ name }) => {
    if (name === 'read') throw new TypeError('fault');
  });
  t.throws(() => scanDevices(files, root.dir), { instanceOf: TypeError });
});

const malformed = test.macro({
  exec(t, text: string, shown: string) {
    const root = fakeRoot(t);
    root.add({ name: '0000:01:00.0', sysname: 'vfio0', noNode: true });
    root.add({ name: '0000:02:00.0', sysname: 'vfio1', noNode: true });
    root.write('/sys/devices/pci0000:00/0000:01:00.0/vfio-dev/vfio0/dev', text);
    t.deepEqual(names(root), ['pci/0000:02:00.0=vfio1']);
    t.deepEqual(problems(root), [
      `/sys/class/vfio-dev/vfio0: expected MAJOR:MINOR at /sys/class/vfio-dev/vfio0/dev, found ${shown}, ignoring`,
    ]);
  },
  title: (_, text) =>
    `scan reports a dev file with ${JSON.stringify(text)}, escaped, and returns the other devices`,
});
test(malformed, '', 'nothing');
test(malformed, '247', '247');
test(malformed, '247:\u001b[2J', '247:\\x1b[2J');
test(malformed, 'x'.repeat(64), 'x'.repeat(64));
test(malformed, 'x'.repeat(5000), 'more than 64 bytes');

test('scan reports a loop of symlinks', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:02:00.0', sysname: 'vfio1', noNode: true });
  root.linkWithTarget('/sys/class/vfio-dev/vfio0', 'vfio0');
  root.linkWithTarget('/sys/devices/loop', 'loop');
  root.linkWithTarget('/sys/class/vfio-dev/vfio2', '../../devices/loop/vfio-dev/vfio2');
  t.deepEqual(names(root), ['pci/0000:02:00.0=vfio1']);
  t.deepEqual(problems(root), [
    '/sys/class/vfio-dev/vfio0: expected a link to ../../devices/.../vfio-dev/vfio0 at /sys/class/vfio-dev/vfio0, found vfio0, ignoring',
    '/sys/class/vfio-dev/vfio2: ELOOP, ignoring',
  ]);
});

test('scan reports a regular file in the class directory', (t) => {
  const root = fakeRoot(t);
  root.write('/sys/class/vfio-dev/vfio0', '');
  t.deepEqual(problems(root), ['/sys/class/vfio-dev/vfio0: EINVAL, ignoring']);
});

test('scan does not follow a class symlink that points outside /sys/devices', (t) => {
  const root = fakeRoot(t);
  root.linkWithTarget('/sys/class/vfio-dev/vfio0', '../../devices/../../etc/vfio-dev/vfio0');
  const followed: string[] = [];
  const files = hookedFiles(({ path }) => followed.push(path));
  t.is(problems(root, files).length, 1);
  t.true(followed.every((path) => path.startsWith(root.at('/sys/class/vfio-dev'))));
});

const rawName = test.macro({
  exec(t, name: string) {
    const root = fakeRoot(t);
    root.add({ bus: 'platform', name, sysname: 'vfio0', noNode: true });
    t.deepEqual(names(root), [`platform/${name}=vfio0`]);
  },
  title: (_, name: string) => `scan keeps the raw name ${JSON.stringify(name.slice(0, 20))}`,
});
test(rawName, 'two\nlines');
test(rawName, 'with blank');
test(rawName, '..name');
test(rawName, 'n'.repeat(255));
test(rawName, 'ünïcode');

test('parseClassLink returns the parent of the VFIO directory', (t) => {
  t.deepEqual(parseClassLink('vfio3', '../../devices/pci0000:00/0000:00:01.0/0000:01:00.0/vfio-dev/vfio3'), {
    syspath: '/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0',
    name: '0000:01:00.0',
  });
});

const rejects = test.macro({
  exec(t, target: string) {
    t.is(parseClassLink('vfio3', target), undefined);
  },
  title: (_, target) => `identify rejects a class symlink to ${target}`,
});
test(rejects, '../../devices/pci0000:00/0000:00:04.0/vfio-dev/vfio4');
test(rejects, '../../devices/pci0000:00/0000:00:04.0/net/vfio3');
test(rejects, '/sys/devices/pci0000:00/0000:00:04.0/vfio-dev/vfio3');
test(rejects, '../../devices/../../etc/vfio-dev/vfio3');
test(rejects, '../../devices//vfio-dev/vfio3');
test(rejects, '../../devices/vfio-dev/vfio3');
test(rejects, '../../devices/a/./b/vfio-dev/vfio3');
test(rejects, '');

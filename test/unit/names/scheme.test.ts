import test from 'ava';
import type { Device } from '../../../src/devices/types.ts';
import {
  isReservedName,
  knownBuses,
  linkRoot,
  linkTarget,
  schemeLink,
  schemeNumber,
} from '../../../src/names/scheme.ts';

const gpu: Device = {
  bus: 'pci',
  name: '0000:01:00.0',
  sysname: 'vfio3',
  devnum: '247:3',
  syspath: '/sys/devices/pci0000:00/0000:01:00.0',
};

test('scheme 1 is frozen: links are <bus>/<name>', (t) => {
  t.is(schemeNumber, 1);
  t.is(linkRoot, '/dev/vfio');
  t.is(schemeLink(gpu), 'pci/0000:01:00.0');
  for (const bus of [...knownBuses, 'later']) t.is(schemeLink({ ...gpu, bus, name: 'a' }), `${bus}/a`);
});

test('schemeLink returns undefined for a device without a node and for a no-IOMMU device', (t) => {
  const { devnum, ...without } = gpu;
  t.is(devnum, '247:3');
  t.is(schemeLink(without), undefined);
  t.is(schemeLink({ ...gpu, sysname: 'noiommu-vfio3' }), undefined);
});

test("schemeLink never uses the kernel's reserved names", (t) => {
  for (const bus of ['devices', 'vfio', '14', 'noiommu-3']) {
    t.true(isReservedName(bus));
    t.is(schemeLink({ ...gpu, bus }), undefined);
  }
  for (const part of ['pci', 'by-alias', '14x', 'x14']) t.false(isReservedName(part), part);
});

test('schemeLink keeps hostile names inside the directory of the bus', (t) => {
  t.is(schemeLink({ ...gpu, name: '../../../etc/passwd' }), 'pci/.._.._.._etc_passwd');
  t.is(schemeLink({ ...gpu, name: 'two\nlines' }), 'pci/two_lines');
  for (const name of ['..', '.', '', 'x'.repeat(300)]) t.is(schemeLink({ ...gpu, name }), undefined);
});

test('schemeLink returns undefined for a bus without a usable name', (t) => {
  for (const bus of ['..', '.', '']) t.is(schemeLink({ ...gpu, bus }), undefined);
});

test('linkTarget is relative, with one .. for each directory', (t) => {
  t.is(linkTarget('pci/0000:01:00.0', 'vfio3'), '../devices/vfio3');
  t.is(linkTarget('by-sriov/0000:01:00.0/vf0', 'vfio3'), '../../devices/vfio3');
});

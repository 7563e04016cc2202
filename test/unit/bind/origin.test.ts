import test from 'ava';
import { commandLineIds, listHasIds, modprobeIds, readBindOrigin } from '../../../src/bind/origin.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { source } from '../../support/policies.ts';

const rule = { match: [], bus: 'pci', driver: 'vfio-pci', source };

function origin(root: FakeRoot, override = '(null)', state?: 'bound' | 'held') {
  const device = root.add({
    name: '0000:01:00.0',
    sysname: 'vfio0',
    driver: 'vfio-pci',
    emptyNode: true,
    attributes: { driver_override: override, vendor: '0x10de', device: '0x2204' },
  });
  return readBindOrigin(fakeFiles, root.dir, device, state && { state, rule });
}

test('readBindOrigin distinguishes the policy, driverctl and an override by hand', (t) => {
  const root = fakeRoot(t);
  t.deepEqual(origin(root, 'vfio-pci', 'bound'), { boundBy: 'policy', text: '[[bind]] at test.toml:1' });
  const byHand = {
    boundBy: 'other',
    text: 'driver_override, set by hand or by a program such as libvirt',
  };
  t.deepEqual(origin(root, 'vfio-pci'), byHand);
  t.deepEqual(origin(root, 'vfio-pci', 'held'), byHand);
  // The policy sets an override, so a device without one was bound in another way.
  for (const override of ['(null)', ''])
    t.deepEqual(origin(root, override, 'bound'), {
      boundBy: 'other',
      text: 'hand or a program such as libvirt',
    });
  root.write('/etc/driverctl.d/pci-0000:01:00.0', 'vfio-pci\n');
  t.deepEqual(origin(root, 'vfio-pci', 'bound'), {
    boundBy: 'driverctl',
    text: 'driverctl, /etc/driverctl.d/pci-0000:01:00.0',
  });
});

test('readBindOrigin looks for the ids of vfio-pci for a PCI device that has both ids only', (t) => {
  const root = fakeRoot(t);
  root.write('/proc/cmdline', 'vfio-pci.ids=10de:2204\n');
  const both = { vendor: '0x10de', device: '0x2204' };
  const boundBy = (bus: string, name: string, attributes: Record<string, string>): string => {
    const device = root.add({ bus, name, sysname: 'vfio7', emptyNode: true, attributes });
    return readBindOrigin(fakeFiles, root.dir, device, undefined).boundBy;
  };
  t.is(boundBy('pci', '0000:02:00.0', both), 'kernel-parameter');
  t.is(boundBy('cdx', 'cdx-00:00', both), 'other');
  t.is(boundBy('pci', '0000:03:00.0', { vendor: '0x10de' }), 'other');
  t.is(boundBy('pci', '0000:04:00.0', { device: '0x2204' }), 'other');
});

test('readBindOrigin reads the files .conf of each directory of modprobe.d, in their order', (t) => {
  const options = 'options vfio-pci ids=10de:2204\n';
  for (const directory of ['/etc/modprobe.d', '/run/modprobe.d', '/usr/lib/modprobe.d', '/lib/modprobe.d']) {
    const root = fakeRoot(t);
    root.write(`${directory}/b.conf`, options);
    root.write(`${directory}/a.conf.bak`, options);
    t.is(origin(root).text, `the option ids of vfio-pci in ${directory}/b.conf`);
    root.write(`${directory}/a.conf`, 'options vfio-pci ids=1:1\noptions vfio-pci ids=10de:2204\n');
    t.is(origin(root).text, `the option ids of vfio-pci in ${directory}/a.conf`);
  }
  const other = fakeRoot(t);
  other.write('/etc/modprobe.d/a.conf', 'options vfio-pci ids=1:1\n');
  t.is(origin(other).boundBy, 'other');
  other.write('/lib/modprobe.d/a.conf', options);
  other.write('/run/modprobe.d/z.conf', options);
  t.is(origin(other).text, 'the option ids of vfio-pci in /run/modprobe.d/z.conf');
});

test('readBindOrigin finds the ids of vfio-pci on the command line of the kernel and in modprobe.d', (t) => {
  const root = fakeRoot(t);
  root.write('/usr/lib/modprobe.d/gpu.conf', 'options vfio-pci disable_vga=1 ids=8086:10d3,10DE:2204\n');
  t.deepEqual(origin(root), {
    boundBy: 'modprobe',
    text: 'the option ids of vfio-pci in /usr/lib/modprobe.d/gpu.conf',
  });
  t.is(origin(root, 'vfio-pci').boundBy, 'other');
  root.write('/proc/cmdline', 'quiet vfio_pci.ids=10de:2204 ro\n');
  t.is(origin(root).boundBy, 'kernel-parameter');
  root.write('/proc/cmdline', 'quiet vfio_pci.ids=10de:2205 ro\n');
  t.is(origin(root).boundBy, 'modprobe');
});

test('ids are read as the kernel and modprobe read them', (t) => {
  t.deepEqual(commandLineIds('a vfio-pci.ids=1:2,3:4 vfio_pci.ids="5:6" xvfio-pci.ids=7:8\n'), [
    '1:2,3:4',
    '5:6',
  ]);
  t.deepEqual(
    modprobeIds(
      '# options vfio-pci ids=9:9\noptions vfio_pci \\\n ids="1:2"\noptions vfio ids=3:4\noptions vfio-pci xids=5:6\n',
    ),
    ['1:2'],
  );
  t.deepEqual(modprobeIds('\t options\t vfio-pci\tids=1:2,3:4 ids=5:6\n\noptions vfio-pci\\\nids=7:8\n'), [
    '1:2,3:4',
    '7:8',
  ]);
  t.deepEqual(
    modprobeIds('xoptions vfio-pci ids=1:2\noptionsvfio-pci ids=1:2\noptions vfio-pcix ids=1:2\n'),
    [],
  );
  t.true(listHasIds('1:1,10DE:2204:1028:1467', '0x10de', '0x2204'));
  for (const list of [
    '10de:ffffffff',
    'ffffffff:2204',
    '0x10DE:0x2204',
    '000010de:2204',
    '1:1,2:2,10de:2204',
  ])
    t.true(listHasIds(list, '0x10de', '0x2204'), list);
  t.true(listHasIds('0:0', '0x0000', '0x0000'));
  for (const list of [
    ...['', '10de', '10de:', ':2204', '2204:10de', '10de:22040', 'x:2204', 'x10de:2204', '10dex:2204'],
    ...['100x10de:2204', '10de:0x0x2204', '000000010de:2204', '10de:2204x'],
  ])
    t.false(listHasIds(list, '0x10de', '0x2204'), list);
});

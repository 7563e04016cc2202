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
  t.is(origin(root, 'vfio-pci').boundBy, 'other');
  t.is(origin(root, 'vfio-pci', 'held').boundBy, 'other');
  // The policy sets an override, so a device without one was bound in another way.
  t.is(origin(root, '(null)', 'bound').boundBy, 'other');
  root.write('/etc/driverctl.d/pci-0000:01:00.0', 'vfio-pci\n');
  t.is(origin(root, 'vfio-pci', 'bound').boundBy, 'driverctl');
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
  t.true(listHasIds('1:1,10DE:2204:1028:1467', '0x10de', '0x2204'));
  t.true(listHasIds('10de:ffffffff', '0x10de', '0x2204'));
  for (const list of ['', '10de', '10de:', '2204:10de', '10de:22040', 'x:2204'])
    t.false(listHasIds(list, '0x10de', '0x2204'), list);
});

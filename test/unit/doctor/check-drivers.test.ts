import test from 'ava';
import type { BoundBy } from '../../../src/bind/origin.ts';
import { checkDrivers } from '../../../src/doctor/check-drivers.ts';
import { readDrivers } from '../../../src/doctor/drivers.ts';
import { fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { bindPolicy } from '../../support/policies.ts';
import { bare, healthy } from '../../support/snapshots.ts';

const none = { hasRules: false, missing: [], used: [], counts: new Map<BoundBy, number>() };

test('checkDrivers says who bound the devices, and nothing on a machine without devices and rules', (t) => {
  t.deepEqual(checkDrivers({ ...bare, drivers: none }), []);
  const counts = new Map<BoundBy, number>([
    ['policy', 2],
    ['driverctl', 1],
  ]);
  const [line, ...others] = checkDrivers({ ...healthy, drivers: { ...none, counts } });
  t.deepEqual(
    [line?.severity, line?.message, others],
    ['ok', 'bound to VFIO: 2 by this policy, 1 by driverctl', []],
  );
  const [ruled] = checkDrivers({ ...healthy, drivers: { ...none, hasRules: true, counts } });
  t.is(
    ruled?.message,
    'every device has the driver of the policy; bound to VFIO: 2 by this policy, 1 by driverctl',
  );
});

test('checkDrivers says in an image for early boot how to boot without the rules for drivers', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:00:05.0', driver: 'vfio-pci', attributes: { driver_override: 'vfio-pci' } });
  const message = () => {
    const { rules: _, ...drivers } = readDrivers(
      fakeFiles,
      root.dir,
      [],
      bindPolicy({ name: '0000:00:05.0' }),
    );
    return checkDrivers({ ...healthy, drivers })[0]?.message;
  };
  t.is(message(), 'every device has the driver of the policy');
  root.write('/scripts/init-top/udev', '');
  t.is(
    message(),
    'every device has the driver of the policy; if the root is on one of them, boot with vfio_names.bind=0',
  );
});

test('checkDrivers warns about each device without its driver, up to five', (t) => {
  const missing = Array.from({ length: 7 }, (_, index) => ({ message: `device ${index}`, remedy: 'reboot' }));
  const lines = checkDrivers({ ...healthy, drivers: { ...none, hasRules: true, missing } });
  t.is(lines.length, 6);
  t.true(lines.every(({ severity }) => severity === 'warning'));
  t.is(lines[5]?.message, '2 more devices do not have the driver of the policy');
});

test('doctor prints one line for a device that the host uses, and reports rules that are not installed', (t) => {
  const root = fakeRoot(t);
  const { syspath } = root.add({
    name: '0000:00:05.0',
    driver: 'e1000e',
    attributes: { driver_override: '(null)' },
  });
  root.write(`${syspath}/net/eth0/flags`, '0x1003\n');
  root.linkTo('/sys/class/net/eth0', `${syspath}/net/eth0`);
  const lines = () => {
    const drivers = readDrivers(fakeFiles, root.dir, [], bindPolicy({ name: '0000:00:05.0' }));
    return checkDrivers({ ...healthy, drivers }).map(({ message, remedy }) => [message, remedy]);
  };
  const noRules = [
    'udev has no rules for the drivers of the policy ([[bind]])',
    'run vfio-names rules install',
  ];
  t.deepEqual(lines(), [
    noRules,
    [
      '0000:00:05.0 should have vfio-pci, but e1000e has it, which is built into the kernel and so is always first; its network interface eth0 is up',
      'exclude it from the match of [[bind]], if the host needs it, and run vfio-names rules install',
    ],
  ]);
  root.write('/sys/module/e1000e/initstate', 'live\n');
  root.linkTo('/sys/bus/pci/drivers/e1000e/module', '/sys/module/e1000e');
  t.deepEqual(lines(), [
    noRules,
    [
      'the policy takes 0000:00:05.0 at the next boot; its network interface eth0 is up',
      'exclude it from the match of [[bind]], if the host needs it',
    ],
  ]);
});

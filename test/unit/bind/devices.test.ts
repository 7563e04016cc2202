import test from 'ava';
import { bindState, findWantedDevices, findWantedPfs } from '../../../src/bind/devices.ts';
import { parseDriverAliases } from '../../../src/bind/driver-alias.ts';
import { fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { bindPolicy } from '../../support/policies.ts';

const free = { override: '', isBridge: false, isOfDriverctl: false };

test('bindState takes no device from a driver, an override of somebody else, driverctl, or a bridge', (t) => {
  t.is(bindState(free, 'vfio-pci'), 'unbound');
  t.is(bindState({ ...free, override: 'vfio-pci' }, 'vfio-pci'), 'overridden');
  t.is(bindState({ ...free, driver: 'vfio-pci' }, 'vfio-pci'), 'bound');
  t.is(bindState({ ...free, driver: 'nvme', override: 'vfio-pci' }, 'vfio-pci'), 'held');
  t.is(bindState({ ...free, driver: 'vfio-pci' }, 'mlx5_vfio_pci'), 'held');
  t.is(bindState({ ...free, override: 'pci-stub' }, 'vfio-pci'), 'other-override');
  t.is(bindState({ ...free, isOfDriverctl: true }, 'vfio-pci'), 'driverctl');
  t.is(bindState({ ...free, isBridge: true }, 'vfio-pci'), 'bridge');
  t.is(bindState({ isBridge: false, isOfDriverctl: false }, 'vfio-pci'), 'no-override');
});

test('findWantedDevices reads what sysfs and driverctl say about each device', (t) => {
  const root = fakeRoot(t);
  const add = (name: string, attributes: Record<string, string> = {}, driver?: string) =>
    root.add({
      name,
      attributes: { driver_override: '(null)', class: '0x020000', ...attributes },
      ...(driver !== undefined && { driver }),
    });
  add('0000:00:01.0');
  add('0000:00:02.0', { driver_override: '' });
  add('0000:00:03.0', {}, 'e1000e');
  add('0000:00:04.0', { driver_override: 'pci-stub' });
  add('0000:00:05.0', { class: '0x060400' });
  add('0000:00:06.0');
  root.write('/etc/driverctl.d/pci-0000:00:06.0', 'pci-stub\n');
  root.add({ name: '0000:00:07.0' });
  add('0000:01:00.0');
  root.add({ bus: 'platform', name: '0000:00:08.0', attributes: { driver_override: '(null)' } });
  const found = findWantedDevices(fakeFiles, root.dir, bindPolicy({ name: '0000:00:*' }), []);
  t.deepEqual(
    found.map(({ name, state }) => `${name} ${state}`),
    [
      '0000:00:01.0 unbound',
      '0000:00:02.0 unbound',
      '0000:00:03.0 held',
      '0000:00:04.0 other-override',
      '0000:00:05.0 bridge',
      '0000:00:06.0 driverctl',
      '0000:00:07.0 no-override',
    ],
  );
});

test('findWantedDevices takes the last rule that fits, and the best driver for auto', (t) => {
  const root = fakeRoot(t);
  const attributes = { driver_override: '(null)', vendor: '0x15b3', device: '0x101e' };
  root.add({ name: '0000:00:01.0', attributes });
  root.add({ name: '0000:00:02.0', attributes: { ...attributes, device: '0x1000' } });
  const policy = bindPolicy({ vendor: '15b3', driver: 'a' }, { vendor: '15b3', driver: 'auto' });
  const aliases = parseDriverAliases('alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n');
  const found = findWantedDevices(fakeFiles, root.dir, policy, aliases);
  t.deepEqual(
    found.map(({ wantedDriver, overridden }) => [wantedDriver, overridden.length]),
    [
      ['mlx5_vfio_pci', 1],
      ['vfio-pci', 1],
    ],
  );
});

test('a path fits a PF and never a VF, as in the rules of udev', (t) => {
  const root = fakeRoot(t);
  const parent = '/sys/devices/pci0000:00/0000:00:06.0';
  const attributes = { driver_override: '(null)', sriov_drivers_autoprobe: '1' };
  const pf = root.add({ name: '0000:01:00.0', parent, attributes });
  const vf = root.add({ name: '0000:01:00.1', parent, attributes: { driver_override: '(null)' } });
  root.linkTo(`${vf.syspath}/physfn`, pf.syspath);
  root.linkTo(`${pf.syspath}/virtfn0`, vf.syspath);
  const names = (match: Record<string, unknown>) =>
    findWantedDevices(fakeFiles, root.dir, bindPolicy(match), []).map(({ name }) => name);
  t.deepEqual(names({ path: 'pci0000_00-06.0-*' }), ['0000:01:00.0']);
  t.deepEqual(names({ pf: '01:00.0' }), ['0000:01:00.1']);
  const pfs = (match: Record<string, unknown>) =>
    findWantedPfs(fakeFiles, root.dir, bindPolicy(match)).map(({ name }) => name);
  t.deepEqual(pfs({ pf: '01:00.0' }), ['0000:01:00.0']);
  t.deepEqual(pfs({ pf: '01:00.0', name: '01:00.1' }), []);
  root.write(`${pf.syspath}/sriov_drivers_autoprobe`, '0\n');
  t.deepEqual(pfs({ pf: '01:00.0' }), []);
});

test('findWantedDevices sorts by bus, and reads the class of bridges on bus pci only', (t) => {
  const root = fakeRoot(t);
  const attributes = { driver_override: '(null)', class: '0x060400' };
  root.add({ bus: 'platform', name: 'fff51000.ethernet', attributes, parent: '/sys/devices/platform' });
  root.add({ name: '0000:00:01.0', attributes });
  const policy = bindPolicy({ bus: 'platform', name: 'fff51000.ethernet' }, { name: '00:01.0' });
  const found = findWantedDevices(fakeFiles, root.dir, policy, []);
  t.deepEqual(
    found.map(({ bus, name, wantedDriver, state }) => [bus, name, wantedDriver, state]),
    [
      ['pci', '0000:00:01.0', 'vfio-pci', 'bridge'],
      ['platform', 'fff51000.ethernet', 'vfio-platform', 'unbound'],
    ],
  );
});

test('findWantedDevices returns all rules that a later one overrides, and what a kernel without overrides has not', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:00:01.0', driver: 'nvme', attributes: { class: '0x010802' } });
  const [first, second, last] = [{ name: '00:01.0' }, { class: '0x01*' }, { name: '*:00:01.0' }];
  const policy = bindPolicy(first, second, last);
  const [found] = findWantedDevices(fakeFiles, root.dir, policy, []);
  t.deepEqual(found?.overridden, policy.bindRules.slice(0, 2));
  t.is(found?.rule, policy.bindRules[2]);
  t.is(found?.driver, 'nvme');
  t.false(found && 'override' in found);
});

test('findWantedDevices leaves out a device for which there is no best driver', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:00:01.0', attributes: { driver_override: '(null)' } });
  const policy = bindPolicy({ name: '00:01.0', driver: 'auto' });
  t.deepEqual(findWantedDevices(fakeFiles, root.dir, policy, []), []);
});

test('findWantedPfs leaves out a PF whose kernel has no such attribute, and PFs of other rules', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0' });
  root.add({ name: '0000:02:00.0', attributes: { sriov_drivers_autoprobe: '1' } });
  t.deepEqual(findWantedPfs(fakeFiles, root.dir, bindPolicy({ pf: '01:00.0' })), []);
  t.deepEqual(findWantedPfs(fakeFiles, root.dir, bindPolicy({ name: '02:00.0' })), []);
  t.deepEqual(findWantedPfs(fakeFiles, root.dir, bindPolicy()), []);
});

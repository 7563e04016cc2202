import test from 'ava';
import type { Device } from '../../../src/devices/types.ts';
import { canHaveGroupNames, hasGroupNames } from '../../../src/names/groups.ts';

const base = { bus: 'pci', name: '0000:01:00.0', syspath: '/sys/devices/pci0000:00/0000:01:00.0' };
const unbound: Device = { ...base, sysname: '' };
const withoutNode: Device = { ...base, sysname: 'vfio0' };
const withNode: Device = { ...base, sysname: 'vfio0', devnum: '511:0' };

const withoutIommu: Device = { ...base, sysname: 'noiommu-vfio0', devnum: '511:0' };

const yes = () => true;
const no = () => false;

test('with auto, a group has names if none of its devices has a name of its own', (t) => {
  t.true(hasGroupNames('auto', [withoutNode], no));
  t.true(hasGroupNames('auto', [unbound, withoutNode], no));
  t.false(hasGroupNames('auto', [withNode], yes));
  t.false(hasGroupNames('auto', [withoutNode, withNode], yes));
  t.true(hasGroupNames('auto', [withoutIommu], no));
});

test('with auto, a group without a registered device has names if this kernel gives no device a node', (t) => {
  t.true(hasGroupNames('auto', [], yes));
  t.false(hasGroupNames('auto', [], no));
  t.true(hasGroupNames('auto', [unbound], yes));
  t.false(hasGroupNames('auto', [unbound], no));
});

test('without auto, the policy decides whether a group has names, whatever its devices have', (t) => {
  for (const devices of [[], [unbound], [withoutNode], [withNode]]) {
    t.true(hasGroupNames(true, devices, no));
    t.false(hasGroupNames(false, devices, yes));
    t.true(canHaveGroupNames({ enabled: true, policyLinks: true }, devices));
    t.false(canHaveGroupNames({ enabled: false, policyLinks: true }, devices));
  }
});

test('with auto, groups are read unless every device has a name of its own', (t) => {
  const auto = { enabled: 'auto', policyLinks: true } as const;
  t.false(canHaveGroupNames(auto, [withNode]));
  t.false(canHaveGroupNames(auto, [withNode, withNode]));
  t.true(canHaveGroupNames(auto, [withNode, withoutNode]));
  t.true(canHaveGroupNames(auto, [withNode, withoutIommu]));
  t.true(canHaveGroupNames(auto, []));
});

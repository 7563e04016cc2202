import test from 'ava';
import { type AccessRule, defaultPolicy, type Policy } from '../../src/config/policy.ts';
import type { Facts } from '../../src/devices/device.ts';
import { accessFor, iommuAccess, iommuProblem, siblingProblems } from '../../src/names/policy-access.ts';

const source = { file: '/etc/vfio-names/a.toml', line: 1 };

const facts: Facts = {
  bus: 'pci',
  name: '0000:01:00.0',
  syspath: '/sys/devices/x',
  cdev: 'yes',
  group: '14',
};

function policyOf(...access: readonly Omit<AccessRule, 'source' | 'match'>[]): Policy {
  return { ...defaultPolicy, access: access.map((rule) => ({ match: [], source, ...rule })) };
}

test('no rule gives no access', (t) => {
  t.deepEqual(accessFor(defaultPolicy, facts), {});
  t.deepEqual(
    accessFor(
      {
        ...defaultPolicy,
        access: [{ match: [{ fact: 'pf', negate: false, patterns: ['*'] }], group: 'a', source }],
      },
      facts,
    ),
    {},
  );
});

test('a later rule wins key by key', (t) => {
  t.deepEqual(accessFor(policyOf({ owner: 'a', group: 'b', mode: '0640' }, { group: 'c' }), facts), {
    owner: 'a',
    group: 'c',
    mode: '0640',
  });
});

test('a group without a mode may read and write', (t) => {
  t.deepEqual(accessFor(policyOf({ group: 'kvm' }), facts), { group: 'kvm', mode: '0660' });
  t.deepEqual(accessFor(policyOf({ owner: 'qemu' }), facts), { owner: 'qemu' });
});

test('/dev/iommu follows the one group of all rules', (t) => {
  t.is(iommuAccess(defaultPolicy), undefined);
  t.is(iommuProblem(defaultPolicy), undefined);
  t.deepEqual(iommuAccess(policyOf({ group: 'kvm' }, { owner: 'x' }, { group: 'kvm', mode: '0600' })), {
    group: 'kvm',
    mode: '0660',
  });
  t.deepEqual(iommuAccess(policyOf({ owner: 'qemu' })), { owner: 'qemu' });
  t.is(iommuAccess(policyOf({ mode: '0640' })), undefined);
  t.is(iommuAccess(policyOf({ owner: 'q', group: 'a' }, { group: 'b' })), undefined);
  t.is(iommuProblem(policyOf({ mode: '0640' })), undefined);
});

test('several groups leave /dev/iommu alone until the policy says whose it is', (t) => {
  const policy = policyOf({ group: 'a' }, { group: 'b' });
  t.is(iommuAccess(policy), undefined);
  t.regex(iommuProblem(policy) ?? '', /several groups get devices \(a, b\).*add \[iommu\]/);
  t.regex(iommuProblem(policyOf({ owner: 'a' }, { owner: 'b' })) ?? '', /several owners/);
  const told: Policy = { ...policy, iommu: { group: 'vfio', mode: '0660', source } };
  t.deepEqual(iommuAccess(told), { group: 'vfio', mode: '0660' });
  t.is(iommuProblem(told), undefined);
});

test('devices of one IOMMU group that go to different users are told of', (t) => {
  const policy: Policy = {
    ...defaultPolicy,
    access: [{ match: [{ fact: 'name', negate: false, patterns: ['*.0'] }], group: 'kvm', source }],
  };
  const sibling = { ...facts, name: '0000:01:00.1' };
  const { group: _, ...alone } = { ...facts, name: '0000:02:00.1' };
  t.deepEqual(siblingProblems(policy, [facts, sibling, { ...facts, group: '9' }, alone]), [
    'IOMMU group 14 is one unit of isolation, but its devices go to different users: 0000:01:00.0 to root:kvm, 0000:01:00.1 to root:root',
  ]);
  t.deepEqual(siblingProblems(policyOf({ owner: 'q', group: 'kvm' }), [facts, sibling]), []);
  const groups = [10, 9, 14].flatMap((group) =>
    [facts, sibling].map((one) => ({ ...one, group: `${group}` })),
  );
  t.deepEqual(
    siblingProblems(policy, groups).map((problem) => problem.split(' ')[2]),
    ['9', '10', '14'],
  );
});

test("devices without an IOMMU group are nobody's siblings", (t) => {
  const policy: Policy = {
    ...defaultPolicy,
    access: [{ match: [{ fact: 'name', negate: false, patterns: ['*.0'] }], group: 'kvm', source }],
  };
  const { group: _, ...alone } = facts;
  t.deepEqual(siblingProblems(policy, [alone, { ...alone, name: '0000:01:00.1' }]), []);
});

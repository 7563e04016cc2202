import test from 'ava';
import type { Facts } from '../../../src/devices/types.ts';
import { groupAccessProblems, iommuAccess, iommuProblem, resolveAccess } from '../../../src/policy/access.ts';
import { type AccessRule, defaultPolicy, type Policy } from '../../../src/policy/policy.ts';

const source = { file: '/etc/vfio-names/a.toml', line: 1 };

const facts: Facts = {
  bus: 'pci',
  name: '0000:01:00.0',
  syspath: '/sys/devices/x',
  cdev: 'yes',
  group: '14',
};

function policyOf(...access: readonly Omit<AccessRule, 'source' | 'match'>[]): Policy {
  return { ...defaultPolicy, accessRules: access.map((rule) => ({ match: [], source, ...rule })) };
}

test('resolveAccess returns no access if no rule matches', (t) => {
  t.deepEqual(resolveAccess(defaultPolicy, facts), {});
  t.deepEqual(
    resolveAccess(
      {
        ...defaultPolicy,
        accessRules: [{ match: [{ fact: 'pf', negate: false, patterns: ['*'] }], fileGroup: 'a', source }],
      },
      facts,
    ),
    {},
  );
});

test('resolveAccess: a later rule overrides an earlier rule key by key', (t) => {
  t.deepEqual(
    resolveAccess(policyOf({ owner: 'a', fileGroup: 'b', mode: '0640' }, { fileGroup: 'c' }), facts),
    {
      owner: 'a',
      fileGroup: 'c',
      mode: '0640',
    },
  );
});

test('resolveAccess sets mode 0660 for a group without a mode', (t) => {
  t.deepEqual(resolveAccess(policyOf({ fileGroup: 'kvm' }), facts), { fileGroup: 'kvm', mode: '0660' });
  t.deepEqual(resolveAccess(policyOf({ owner: 'qemu' }), facts), { owner: 'qemu' });
});

test('iommuAccess returns the group that all rules share', (t) => {
  t.is(iommuAccess(defaultPolicy), undefined);
  t.is(iommuProblem(defaultPolicy), undefined);
  t.deepEqual(
    iommuAccess(policyOf({ fileGroup: 'kvm' }, { owner: 'x' }, { fileGroup: 'kvm', mode: '0600' })),
    {
      fileGroup: 'kvm',
      mode: '0660',
    },
  );
  t.deepEqual(iommuAccess(policyOf({ owner: 'qemu' })), { owner: 'qemu' });
  t.is(iommuAccess(policyOf({ mode: '0640' })), undefined);
  t.is(iommuAccess(policyOf({ owner: 'q', fileGroup: 'a' }, { fileGroup: 'b' })), undefined);
  t.is(iommuProblem(policyOf({ mode: '0640' })), undefined);
});

test('iommuAccess returns undefined for several groups without [iommu]', (t) => {
  const policy = policyOf({ fileGroup: 'a' }, { fileGroup: 'b' });
  t.is(iommuAccess(policy), undefined);
  t.like(iommuProblem(policy), {
    message: 'several groups get devices (a, b), but /dev/iommu can have one only',
    hint: 'add [iommu] with a group that all these users are in',
  });
  t.like(iommuProblem(policyOf({ owner: 'a' }, { owner: 'b' })), {
    message: 'several owners get devices (a, b), but /dev/iommu can have one only',
    key: 'owner',
  });
  const withIommu: Policy = { ...policy, iommu: { fileGroup: 'vfio', mode: '0660', source } };
  t.deepEqual(iommuAccess(withIommu), { fileGroup: 'vfio', mode: '0660' });
  t.is(iommuProblem(withIommu), undefined);
});

test('iommuProblem names the first rule of another group, and at most five groups', (t) => {
  const groups = (count: number) =>
    policyOf(
      { owner: 'q' },
      ...['a', 'a', 'b', 'c', 'd', 'e', 'f'].slice(0, count + 1).map((fileGroup) => ({ fileGroup })),
    );
  const problem = iommuProblem(groups(5));
  t.is(problem?.key, 'fileGroup');
  t.is(problem?.rule.fileGroup, 'b');
  t.regex(problem?.message ?? '', /\(a, b, c, d, e\)/);
  t.regex(iommuProblem(groups(6))?.message ?? '', /\(a, b, c, d, e, \.\.\.\)/);
});

test('groupAccessProblems reports devices of one IOMMU group with different owners or groups', (t) => {
  const policy: Policy = {
    ...defaultPolicy,
    accessRules: [{ match: [{ fact: 'name', negate: false, patterns: ['*.0'] }], fileGroup: 'kvm', source }],
  };
  const sibling = { ...facts, name: '0000:01:00.1' };
  const { group: _, ...alone } = { ...facts, name: '0000:02:00.1' };
  t.deepEqual(groupAccessProblems(policy, [facts, sibling, { ...facts, group: '9' }, alone]), [
    'IOMMU group 14 is one unit of isolation, but its devices go to different users: 0000:01:00.0 to root:kvm, 0000:01:00.1 to root:root',
  ]);
  t.deepEqual(groupAccessProblems(policyOf({ owner: 'q', fileGroup: 'kvm' }), [facts, sibling]), []);
  const groups = [10, 9, 14].flatMap((group) =>
    [facts, sibling].map((device) => ({ ...device, group: `${group}` })),
  );
  t.deepEqual(
    groupAccessProblems(policy, groups).map((problem) => problem.split(' ')[2]),
    ['9', '10', '14'],
  );
});

test('groupAccessProblems ignores devices without an IOMMU group', (t) => {
  const policy: Policy = {
    ...defaultPolicy,
    accessRules: [{ match: [{ fact: 'name', negate: false, patterns: ['*.0'] }], fileGroup: 'kvm', source }],
  };
  const { group: _, ...alone } = facts;
  t.deepEqual(groupAccessProblems(policy, [alone, { ...alone, name: '0000:01:00.1' }]), []);
});

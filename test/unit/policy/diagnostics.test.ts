import test from 'ava';
import { accountErrors } from '../../../src/policy/diagnostics.ts';
import { defaultPolicy, type Policy } from '../../../src/policy/policy.ts';

const source = { file: '/a.toml', line: 3 };
const accounts = { users: new Map([['qemu', 107]]), groups: new Map([['kvm', 36]]) };

test('policy accounts: known names and numbers are accepted', (t) => {
  const policy: Policy = {
    ...defaultPolicy,
    accessRules: [{ match: [], owner: 'qemu', fileGroup: '99', source }],
    iommu: { fileGroup: 'kvm', source },
  };
  t.deepEqual(accountErrors(policy, accounts), []);
});

test('policy accounts: a user name is rejected as a group', (t) => {
  const policy: Policy = { ...defaultPolicy, accessRules: [{ match: [], fileGroup: 'qemu', source }] };
  t.deepEqual(accountErrors(policy, accounts), [
    {
      source,
      key: 'access.group',
      message: 'no group "qemu" on this machine',
      hint: 'make it, or give its number in quotes',
    },
  ]);
});

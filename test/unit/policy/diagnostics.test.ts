import test from 'ava';
import { buildPolicy } from '../../../src/policy/build.ts';
import { accountErrors, accountWarnings } from '../../../src/policy/diagnostics.ts';
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

test('policy accounts: a number out of range has one error, that of the key', (t) => {
  const policy: Policy = { ...defaultPolicy, accessRules: [{ match: [], owner: '4294967295', source }] };
  t.deepEqual(accountErrors(policy, accounts), []);
});

test('policy accounts: a user name is rejected as a group', (t) => {
  const policy: Policy = { ...defaultPolicy, accessRules: [{ match: [], fileGroup: 'qemu', source }] };
  t.deepEqual(accountErrors(policy, accounts), [
    {
      source,
      key: 'access.group',
      message: 'no group "qemu" on this machine',
      hint: 'create it, or write its number in quotes',
    },
  ]);
});

test('policy accounts: errors and warnings are on the line of the key', (t) => {
  const text =
    '[[access]]\nmatch.bus = "pci"\nowner = "joe"\n\ngroup = "kwm"\n[iommu]\nmode = "0660"\n\ngroup = "staff"\n';
  const { policy, accessLines } = buildPolicy([{ file: '/a.toml', text }]);
  const known = {
    users: new Map([['joe', 1000]]),
    groups: new Map([
      ['kvm', 36],
      ['staff', 50],
    ]),
  };
  t.deepEqual(
    accountErrors(policy, known, accessLines).map(({ source, key, hint }) => [source.line, key, hint]),
    [[5, 'access.group', 'did you mean "kvm"?']],
  );
  t.deepEqual(
    accountWarnings(policy, known, accessLines).map(({ source, key, message }) => [
      source.line,
      key,
      message,
    ]),
    [[3, 'access.owner', 'the user "joe" (1000) is not a system account, so udev 258 and 259 ignore it']],
  );
  t.deepEqual(
    accountErrors(policy, { users: known.users, groups: new Map([['kwm', 1]]) }, accessLines).map(
      ({ source, key }) => [source.line, key],
    ),
    [[9, 'iommu.group']],
  );
});

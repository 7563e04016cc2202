import test from 'ava';
import { parseAccounts, readAccounts, resolveAccount } from '../../../src/devices/accounts.ts';
import { fakeFiles, fakeRoot } from '../../support/fake-root.ts';

test('parseAccounts returns names with numbers and skips malformed lines', (t) => {
  const text =
    'root:x:0:0:root:/root:/bin/sh\n# c:x:1:\n+::::::\nbad\nx:y:z:\n:x:5:\nroot:x:9:\nkvm:x:36:a,b\n';
  t.deepEqual(
    [...parseAccounts(text)],
    [
      ['root', 0],
      ['kvm', 36],
    ],
  );
});

test('readAccounts reads the users and groups below the root', (t) => {
  const root = fakeRoot(t);
  t.deepEqual(readAccounts(fakeFiles, root.dir), { users: new Map(), groups: new Map() });
  root.write('/etc/passwd', 'qemu:x:107:107::/:/bin/false\n');
  root.write('/etc/group', 'kvm:x:36:qemu\n');
  const { users, groups } = readAccounts(fakeFiles, root.dir);
  t.is(resolveAccount(users, 'qemu'), 107);
  t.is(resolveAccount(groups, 'kvm'), 36);
  t.is(resolveAccount(groups, '4711'), 4711);
  t.is(resolveAccount(groups, 'qemu'), undefined);
});

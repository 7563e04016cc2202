import test from 'ava';
import {
  parseGroups,
  parseId,
  parsePasswd,
  readAccounts,
  resolveAccount,
} from '../../../src/devices/accounts.ts';
import { fakeFiles, fakeRoot } from '../../support/fake-root.ts';

test('parseId accepts 0 to 4294967294', (t) => {
  for (const [text, id] of [
    ['0', 0],
    ['1000', 1000],
    ['4294967294', 4294967294],
    ['4294967295', undefined],
    ['4294967296', undefined],
    ['9999999999', undefined],
    ['99999999999', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['', undefined],
    [' 1', undefined],
  ] as const)
    t.is(parseId(text), id, text);
});

test('parsePasswd and parseGroups skip malformed lines', (t) => {
  const passwd =
    'root:x:0:0:root:/root:/bin/sh\n# c:x:1:1:\n+::::::\n-x:x:2:2:\nbad\nx:y:z:\n:x:5:5:\na:x:1\na:x:1:\na:x:4294967295:1::\na:x:1:9999999999::\na:x:10:11\n';
  t.deepEqual(parsePasswd(passwd), [
    { name: 'root', uid: 0, gid: 0 },
    { name: 'a', uid: 10, gid: 11 },
  ]);
  const group = 'root:x:0:\nkvm:x:36:a,b\nx:y:z:\nx:x\nx:x:\nx:x:4294967295:\n+x:x:1:\nx:x:5\n';
  t.deepEqual(parseGroups(group), [
    { name: 'root', gid: 0, members: '' },
    { name: 'kvm', gid: 36, members: 'a,b' },
    { name: 'x', gid: 5, members: '' },
  ]);
});

test('readAccounts reads every line of files that are longer than a megabyte', (t) => {
  const root = fakeRoot(t);
  const filler = Array.from({ length: 40_000 }, (_, n) => `user${n}:x:${n + 1}:${n + 1}::/:/bin/sh\n`).join(
    '',
  );
  root.write('/etc/passwd', `${filler}late:x:77777:1::/:/bin/sh\n`);
  t.true(filler.length > 1 << 20);
  t.is(readAccounts(fakeFiles, root.dir).users.get('late'), 77777);
});

test('readAccounts returns the first line of a name', (t) => {
  const root = fakeRoot(t);
  root.write('/etc/passwd', 'a:x:1:1::/:\na:x:2:2::/:\n');
  root.write('/etc/group', 'a:x:bad:\na:x:3:\na:x:4:\n');
  const { users, groups } = readAccounts(fakeFiles, root.dir);
  t.deepEqual([users.get('a'), groups.get('a')], [1, 3]);
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
  t.is(resolveAccount(groups, '4294967295'), undefined);
  t.is(resolveAccount(groups, '12345678901'), undefined);
});

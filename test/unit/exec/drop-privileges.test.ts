import test from 'ava';
import { dropPrivileges, readUserIds, type UserIds } from '../../../src/exec/drop-privileges.ts';
import { CallError } from '../../../src/system/calls.ts';
import { errorLine } from '../../support/error-line.ts';
import { fakeExec } from '../../support/fake-exec.ts';
import { fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { errnoError, hookedFiles } from '../../support/hooked-files.ts';

const passwd = [
  'root:x:0:0:root:/root:/bin/sh',
  '+nis:x:7:7::/:',
  'qemu:x:107:108:QEMU:/:/bin/false',
  'qemu:x:0:0:later:/:',
  'minus:x:4294967295:0::/:',
  'words:x:one:two::/:',
  '1000:x:12:13::/:',
  'seven:x:1000:1000::/:',
].join('\n');
const group = [
  'root:x:0:root',
  'kvm:x:36:qemu,root',
  'disk:x:6:notqemu',
  'odd:x:x:qemu',
  'a:x:5:x,qemu',
].join('\n');

test('readLogin returns the primary group and the groups in /etc/group, and no others', (t) => {
  const root = fakeRoot(t);
  root.write('/etc/passwd', passwd);
  root.write('/etc/group', group);
  const qemu: UserIds = { name: 'qemu', uid: 107, gid: 108, groups: [5, 36, 108] };
  t.deepEqual(readUserIds(fakeFiles, root.dir, 'qemu'), qemu);
  t.deepEqual(readUserIds(fakeFiles, root.dir, '107'), qemu, 'by number');
  t.is(readUserIds(fakeFiles, root.dir, '1000').uid, 12, 'a name takes precedence over a number');
});

for (const user of ['nobody', '+nis', '', 'minus', 'words', '99', 'root:x', 'a\nb'])
  test(`readLogin rejects the user ${JSON.stringify(user)}`, (t) => {
    const root = fakeRoot(t);
    root.write('/etc/passwd', passwd);
    t.throws(() => readUserIds(fakeFiles, root.dir, user), { code: 'no-user', message: /^[^\n]*$/ });
  });

test('readLogin rejects every user without /etc/passwd', (t) => {
  t.throws(() => readUserIds(fakeFiles, fakeRoot(t).dir, 'root'), { code: 'no-user' });
});

const nobody: UserIds = { name: 'nobody', uid: 65534, gid: 65533, groups: [36, 65533] };

test('dropping privileges sets the groups, the gid, the uid and the capabilities, then joins a new keyring', (t) => {
  const { calls, files, log } = fakeExec();
  dropPrivileges(calls, files, nobody);
  t.deepEqual(log, ['groups', 'gid', 'uid', 'capabilities', 'keyring']);
});

for (const [call, found] of [
  ['setGroups', /found the group 0;/],
  ['setGid', /found another group id;/],
  ['setUid', /found another user id;/],
  ['clearCapabilities', /found capabilities;/],
  ['joinSessionKeyring', /found the session keyring of the caller;/],
] as const)
  test(`dropping privileges fails if ${call} has no effect`, (t) => {
    const { calls, files } = fakeExec({ [call]: () => {} });
    const error = t.throws(() => dropPrivileges(calls, files, nobody), { code: 'not-permitted' });
    t.regex(errorLine(error), found);
  });

test('dropping privileges fails if one of the four ids, or one group, differs', (t) => {
  const ids = [nobody.uid, nobody.uid, 0, nobody.uid];
  const saved = fakeExec();
  const keepSaved = {
    ...saved.calls,
    setUid: () => {
      saved.state.uids = ids;
    },
  };
  t.throws(() => dropPrivileges(keepSaved, saved.files, nobody), { message: /another user id/ });
  const fewer = fakeExec();
  const missing = {
    ...fewer.calls,
    setGroups: () => {
      fewer.state.groups = [65533];
    },
  };
  t.throws(() => dropPrivileges(missing, fewer.files, nobody), { message: /found no group 36/ });
});

for (const [errno, filtered, accepted] of [
  ['ENOSYS', false, true],
  ['EPERM', true, true],
  ['EPERM', false, false],
  ['EDQUOT', true, false],
] as const)
  test(`dropping privileges ${accepted ? 'accepts' : 'rejects'} ${errno} of keyctl ${filtered ? 'under a filter of system calls' : 'without a filter'}`, (t) => {
    const joinSessionKeyring = () => {
      throw new CallError('keyctl', errno);
    };
    const { calls, files } = fakeExec({ joinSessionKeyring }, { filtered });
    if (accepted) t.notThrows(() => dropPrivileges(calls, files, nobody));
    else t.throws(() => dropPrivileges(calls, files, nobody), { message: new RegExp(`keyctl: ${errno}`) });
  });

test('dropping privileges reports a missing permission and a missing /proc, and rethrows errors without an errno', (t) => {
  const failing = (error: Error) => ({
    setGroups: () => {
      throw error;
    },
  });
  const denied = fakeExec(failing(new CallError('setgroups', 'EPERM')));
  const error = t.throws(() => dropPrivileges(denied.calls, denied.files, nobody), { code: 'not-permitted' });
  t.regex(errorLine(error), /found setgroups: EPERM; --user needs root/);
  const { calls } = fakeExec();
  const noProc = hookedFiles(({ path }) => {
    if (path.startsWith('/proc')) throw errnoError('ENOENT');
  });
  t.throws(() => dropPrivileges(calls, noProc, nobody), { code: 'not-permitted', message: /ENOENT/ });
  const broken = fakeExec(failing(new TypeError('bug')));
  t.throws(() => dropPrivileges(broken.calls, broken.files, nobody), { instanceOf: TypeError });
});

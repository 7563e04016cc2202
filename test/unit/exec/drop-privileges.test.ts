import test from 'ava';
import { dropPrivileges, readUserIds, type UserIds } from '../../../src/exec/drop-privileges.ts';
import { nodeSystem } from '../../../src/system/node/system.ts';
import type { Credentials } from '../../../src/system/process.ts';
import { errorLine } from '../../support/error-line.ts';
import { fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { errnoError } from '../../support/hooked-files.ts';

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

interface State {
  uids: readonly number[];
  gids: readonly number[];
  groups: readonly number[];
}

function fakeCredentials(log: string[], overrides: Partial<Credentials> = {}): Credentials {
  const state: State = { uids: [0, 0], gids: [0, 0], groups: [0, 4] };
  return {
    setGroups: (groups) => {
      log.push('groups');
      state.groups = groups;
    },
    setGid: (gid) => {
      log.push('gid');
      state.gids = [gid, gid];
    },
    setUid: (uid) => {
      log.push('uid');
      state.uids = [uid, uid];
    },
    now: () => state,
    ...overrides,
  };
}

test('dropping privileges sets the groups, then the gid, then the uid', (t) => {
  const log: string[] = [];
  dropPrivileges(fakeCredentials(log), nobody);
  t.deepEqual(log, ['groups', 'gid', 'uid']);
});

for (const [what, overrides] of Object.entries<Partial<Credentials>>({
  'the supplementary groups': { setGroups: () => {} },
  'the primary group': { setGid: () => {} },
  'the uid': { setUid: () => {} },
}))
  test(`dropping privileges fails if the process keeps ${what} of the previous user`, (t) => {
    t.throws(() => dropPrivileges(fakeCredentials([], overrides), nobody), {
      code: 'not-permitted',
      message: /found ids of before/,
    });
  });

test('dropping privileges reports a missing permission, and rethrows errors without an errno', (t) => {
  const failing = (error: Error): Partial<Credentials> => ({
    setGroups: () => {
      throw error;
    },
  });
  const error = t.throws(() => dropPrivileges(fakeCredentials([], failing(errnoError('EPERM'))), nobody), {
    code: 'not-permitted',
  });
  t.regex(errorLine(error), /found EPERM; --user needs root/);
  t.throws(() => dropPrivileges(fakeCredentials([], failing(new TypeError('bug'))), nobody), {
    instanceOf: TypeError,
  });
});

test('credentials returns the credentials of this process, and root can set them again', async (t) => {
  const credentials = await nodeSystem.process.credentials();
  const { uids, gids, groups } = credentials.now();
  t.deepEqual(uids, [process.getuid?.(), process.geteuid?.()]);
  t.true(groups.every((number) => number >= 0));
  const self: UserIds = { name: 'self', uid: uids[0] ?? -1, gid: gids[0] ?? -1, groups };
  if (uids[0] === 0) t.notThrows(() => dropPrivileges(credentials, self));
  else t.throws(() => dropPrivileges(credentials, self), { code: 'not-permitted' });
});

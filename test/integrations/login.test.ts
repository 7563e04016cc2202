import test from 'ava';
import { become, type Credentials, processCredentials } from '../../src/integrations/become.ts';
import { type Login, readLogin } from '../../src/integrations/login.ts';
import { fakeFiles, fakeRoot } from '../helpers/fake-root.ts';
import { failure } from '../helpers/hooked-files.ts';

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

test('a user has the primary group and those of /etc/group, and no other', (t) => {
  const root = fakeRoot(t);
  root.write('/etc/passwd', passwd);
  root.write('/etc/group', group);
  const qemu: Login = { name: 'qemu', uid: 107, gid: 108, groups: [5, 36, 108] };
  t.deepEqual(readLogin(fakeFiles, root.dir, 'qemu'), qemu);
  t.deepEqual(readLogin(fakeFiles, root.dir, '107'), qemu, 'by number');
  t.is(readLogin(fakeFiles, root.dir, '1000').uid, 12, 'a name counts before a number');
});

for (const user of ['nobody', '+nis', '', 'minus', 'words', '99', 'root:x', 'a\nb'])
  test(`${JSON.stringify(user)} is no user`, (t) => {
    const root = fakeRoot(t);
    root.write('/etc/passwd', passwd);
    t.throws(() => readLogin(fakeFiles, root.dir, user), { code: 'no-user', message: /^[^\n]*$/ });
  });

test('without /etc/passwd nobody is known', (t) => {
  t.throws(() => readLogin(fakeFiles, fakeRoot(t).dir, 'root'), { code: 'no-user' });
});

const nobody: Login = { name: 'nobody', uid: 65534, gid: 65533, groups: [36, 65533] };

interface State {
  uids: readonly number[];
  gids: readonly number[];
  groups: readonly number[];
}

function fakeCredentials(log: string[], more: Partial<Credentials> = {}): Credentials {
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
    ...more,
  };
}

test('the groups go first, the user last', (t) => {
  const log: string[] = [];
  become(fakeCredentials(log), nobody);
  t.deepEqual(log, ['groups', 'gid', 'uid']);
});

for (const [what, more] of Object.entries<Partial<Credentials>>({
  'a group': { setGroups: () => {} },
  'the primary group': { setGid: () => {} },
  'the user': { setUid: () => {} },
}))
  test(`${what} of before that is left ends it`, (t) => {
    t.throws(() => become(fakeCredentials([], more), nobody), {
      code: 'not-permitted',
      message: /found ids of before/,
    });
  });

test('who is not root is told so, and any other error is thrown on', (t) => {
  const refuse = (error: Error): Partial<Credentials> => ({
    setGroups: () => {
      throw error;
    },
  });
  t.throws(() => become(fakeCredentials([], refuse(failure('EPERM'))), nobody), {
    code: 'not-permitted',
    message: /found EPERM; --user needs root/,
  });
  t.throws(() => become(fakeCredentials([], refuse(new TypeError('fault'))), nobody), {
    instanceOf: TypeError,
  });
});

test("the process's own credentials can be read, and set to what they are by root", async (t) => {
  const credentials = await processCredentials();
  const { uids, gids, groups } = credentials.now();
  t.deepEqual(uids, [process.getuid?.(), process.geteuid?.()]);
  t.true(groups.every((number) => number >= 0));
  const self: Login = { name: 'self', uid: uids[0] ?? -1, gid: gids[0] ?? -1, groups };
  if (uids[0] === 0) t.notThrows(() => become(credentials, self));
  else t.throws(() => become(credentials, self), { code: 'not-permitted' });
});

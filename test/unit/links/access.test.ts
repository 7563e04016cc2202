import * as fs from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import type { Device } from '../../../src/devices/types.ts';
import { type AccessOutcome, applyAccess } from '../../../src/links/access.ts';
import type { AccessRules } from '../../../src/policy/access.ts';
import { bindAccessRules, loadPolicy } from '../../../src/policy/load.ts';
import { defaultPolicy } from '../../../src/policy/policy.ts';
import type { FileStatus, OpenForChange, SystemFiles } from '../../../src/system/files.ts';
import { nodeFiles } from '../../../src/system/node/files.ts';
import { runCli } from '../../support/cli.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { validJson } from '../../support/schema.ts';

const node = '/dev/vfio/devices/vfio0';
const kvm: AccessRules = { accessOf: () => ({ fileGroup: 'kvm', mode: '0660' }) };

interface FakePin {
  readonly pin: OpenForChange;
  readonly calls: readonly string[];
  readonly status: () => FileStatus;
}

/** A fake pin, so that chown needs no privileges; `before` is called when the node is opened. */
function fakePin(first: Partial<FileStatus> = {}, before: () => void = () => {}): FakePin {
  let status: FileStatus = {
    ...{ kind: 'char', devnum: '247:0', mode: 0o600, inode: 1, modified: 0 },
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    ...first,
  };
  const calls: string[] = [];
  return {
    calls,
    status: () => status,
    pin: () => {
      before();
      return {
        path: '/proc/self/fd/9',
        status: () => status,
        chown: (uid, gid) => {
          calls.push(`chown ${uid}:${gid}`);
          status = { ...status, uid, gid };
        },
        chmod: (mode) => {
          calls.push(`chmod ${mode.toString(8)}`);
          status = { ...status, mode };
        },
        release: () => calls.push('release'),
      };
    },
  };
}

function apply(
  files: SystemFiles,
  root: string,
  rules: AccessRules | undefined,
  devices: readonly Device[],
): readonly AccessOutcome[] {
  return applyAccess({ files, root, ...(rules && { access: rules }) }, devices, []).outcomes;
}

function withPin(openForChange: OpenForChange): SystemFiles {
  return { ...fakeFiles, openForChange };
}

function machine(root: FakeRoot): Device[] {
  root.write('/etc/group', 'root:x:0:\nkvm:x:36:\n');
  root.write('/etc/passwd', 'root:x:0:0::/root:/bin/sh\nqemu:x:107:107::/:/bin/false\n');
  return [root.add({ name: '0000:01:00.0', sysname: 'vfio0' })];
}

/** Whether the node is a character device; without root it is a regular file, whose access is never changed. */
function isReal(root: FakeRoot): boolean {
  return fs.lstatSync(root.at(node)).isCharacterDevice();
}

test('applyAccess sets the group and mode of the rule of a node, once', (t) => {
  const root = fakeRoot(t);
  const devices = machine(root);
  const { uid, gid } = fakeFiles.statNode(root.at(node));
  const { pin, calls } = fakePin({ uid, gid });
  t.deepEqual(apply(withPin(pin), root.dir, kvm, devices), [
    {
      file: node,
      name: '0000:01:00.0',
      result: 'done',
      from: `${uid}:${gid} 0600`,
      to: `${uid}:36 0660`,
    },
  ]);
  t.deepEqual(calls, [`chown ${uid}:36`, 'chmod 660', 'release']);
});

test('applyAccess changes no node that has the right access, has no rule or is missing', (t) => {
  const root = fakeRoot(t);
  const devices = machine(root);
  const pin: OpenForChange = () => t.fail() as never;
  t.deepEqual(apply(withPin(pin), root.dir, { accessOf: () => ({ mode: '0600' }) }, devices), []);
  t.deepEqual(apply(withPin(pin), root.dir, { accessOf: () => ({}) }, devices), []);
  const absent = { ...(devices[0] as Device), sysname: 'vfio9' };
  t.deepEqual(apply(withPin(pin), root.dir, kvm, [absent]), []);
  const { devnum: _, ...without } = devices[0] as Device;
  t.deepEqual(apply(withPin(pin), root.dir, kvm, [without]), []);
});

test('applyAccess never changes a path that is not the node of the device, before or after it is opened', (t) => {
  const root = fakeRoot(t);
  const [device] = machine(root);
  const other = { ...(device as Device), devnum: '247:5' };
  t.deepEqual(
    apply(
      withPin(() => t.fail() as never),
      root.dir,
      kvm,
      [other],
    ),
    [],
  );
  const { pin, calls } = fakePin({ devnum: '247:5' });
  t.deepEqual(apply(withPin(pin), root.dir, kvm, [device as Device]), []);
  t.deepEqual(calls, ['release']);
  root.linkWithTarget(node, '/etc/passwd');
  t.deepEqual(
    apply(
      withPin(() => t.fail() as never),
      root.dir,
      kvm,
      [device as Device],
    ),
    [],
  );
});

test('applyAccess reports an unknown user or group and a failed call, and continues with the other nodes', (t) => {
  const root = fakeRoot(t);
  const devices = [...machine(root), root.add({ name: '0000:02:00.0', sysname: 'vfio1' })];
  const rules = (first: object): AccessRules => ({
    accessOf: ({ sysname }) => (sysname === 'vfio0' ? first : { mode: '0640' }),
  });
  const tried = (first: object, pin: OpenForChange): (string | undefined)[] =>
    apply(withPin(pin), root.dir, rules(first), devices).map(({ result, error }) => error ?? result);
  const second = (): OpenForChange => fakePin({ devnum: '247:1' }).pin;
  t.deepEqual(tried({ fileGroup: 'kwm' }, second()), ['no group kwm on this machine', 'done']);
  t.deepEqual(tried({ owner: 'qemo' }, second()), ['no user qemo on this machine', 'done']);
  const refuse =
    (errno: string): OpenForChange =>
    (path) => {
      if (path.endsWith('vfio0')) throw Object.assign(new Error(errno), { code: errno });
      return second()(path);
    };
  t.deepEqual(tried({ mode: '0660' }, refuse('EPERM')), ['EPERM', 'done']);
  t.deepEqual(tried({ mode: '0660' }, refuse('ENOENT')), ['done']);
  t.throws(() =>
    tried({ mode: '0660' }, () => {
      throw new TypeError('a bug');
    }),
  );
});

test('applyAccess finds /dev/iommu by its device number in sysfs', (t) => {
  const root = fakeRoot(t);
  machine(root);
  const rules: AccessRules = { accessOf: () => ({}), iommu: { fileGroup: '36', mode: '0660' } };
  t.deepEqual(apply(fakeFiles, root.dir, rules, []), []);
  root.write('/sys/class/misc/iommu/dev', '10:122\n');
  t.deepEqual(apply(fakeFiles, root.dir, rules, []), []);
  root.node('/dev/iommu', '10:122');
  const { pin } = fakePin({ devnum: '10:122' });
  const [outcome] = apply(withPin(pin), root.dir, rules, []);
  t.is(outcome?.file, '/dev/iommu');
  t.is(outcome?.name, undefined);
  t.is(outcome?.result, 'done');
});

test('applyAccess never grants more than the old or the new mode in between, nor the old mode to the new owner', (t) => {
  const root = fakeRoot(t);
  const devices = machine(root);
  const mode = fc.nat(0o777);
  const id = fc.nat(2);
  fc.assert(
    fc.property(mode, mode, id, id, (from, to, uid, gid) => {
      const { pin, calls, status } = fakePin({ mode: from });
      const before = status();
      if (before.mode === to && before.uid === uid && before.gid === gid) return true;
      const rules: AccessRules = {
        accessOf: () => ({
          owner: String(uid),
          fileGroup: String(gid),
          mode: to.toString(8).padStart(4, '0'),
        }),
      };
      apply({ ...withPin(pin), statNode: status }, root.dir, rules, devices);
      let current = from;
      for (const call of calls) {
        if (call.startsWith('chmod')) current = Number.parseInt(call.slice(6), 8);
        if (call.startsWith('chown') && (current & ~to) !== 0) return false;
        if ((current & ~(from | to)) !== 0) return false;
      }
      const after = status();
      return after.mode === to && after.uid === uid && after.gid === gid;
    }),
    { numRuns: 100 },
  );
  t.pass();
});
test('openForChange changes the opened file, not a file that replaces it at the path', (t) => {
  const root = fakeRoot(t);
  root.write('/one', '');
  const pinned = nodeFiles.openForChange(root.at('/one'));
  fs.renameSync(root.at('/one'), root.at('/two'));
  root.write('/one', '');
  fs.chmodSync(root.at('/one'), 0o644);
  pinned.chmod(0o600);
  const { uid, gid, mode } = pinned.status();
  pinned.chown(uid, gid);
  pinned.release();
  t.is(mode, 0o600);
  t.is(fs.statSync(root.at('/two')).mode & 0o777, 0o600);
  t.is(fs.statSync(root.at('/one')).mode & 0o777, 0o644);
  root.linkWithTarget('/three', root.at('/one'));
  const link = nodeFiles.openForChange(root.at('/three'));
  t.is(link.status().kind, 'symlink');
  link.release();
});

test('accessRules reads nothing for a policy without access, and only the facts of the access rules otherwise', async (t) => {
  t.is(bindAccessRules(fakeFiles, '', defaultPolicy), undefined);
  const root = fakeRoot(t);
  const [device] = machine(root);
  root.write(
    '/etc/vfio-names/10.toml',
    '[[access]]\nmatch = { bus = "pci" }\ngroup = "kvm"\n[[link]]\nname = "by-own/{{serial}}"\n',
  );
  const read: string[] = [];
  const files = {
    ...fakeFiles,
    read: (path: string, limit?: number) => {
      read.push(path);
      return fakeFiles.read(path, limit);
    },
  };
  const rules = bindAccessRules(files, root.dir, await loadPolicy(fakeFiles, root.dir));
  t.deepEqual(rules?.accessOf(device as Device), { fileGroup: 'kvm', mode: '0660' });
  t.deepEqual(rules?.iommu, { fileGroup: 'kvm', mode: '0660' });
  t.deepEqual(read, []);
});

test('verify --fix applies access rules like sync and reports the changes', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
  const { uid, gid } = fs.lstatSync(root.at('/dev/vfio/devices/vfio0'));
  root.write('/etc/vfio-names/10.toml', '[[access]]\nmode = "0640"\n');
  const fix = (...args: string[]) =>
    runCli(['verify', '--fix', ...args, '--host-root', root.dir], { files: fakeFiles });
  t.deepEqual(await fix(), {
    status: 0,
    out: `fixed: create /dev/vfio/pci/0000:01:00.0 -> ../devices/vfio0\nfixed: access /dev/vfio/devices/vfio0: ${uid}:${gid} 0640 (was ${uid}:${gid} 0600)\nOK: 1 device, 1 name, all correct\n`,
    err: [],
  });
  root.write('/etc/vfio-names/10.toml', '[[access]]\nmode = "0600"\n');
  const { access } = validJson<{ access: unknown[] }>(t, 'verify', (await fix('--json')).out);
  t.like(access[0], { file: '/dev/vfio/devices/vfio0', name: '0000:01:00.0', result: 'done' });
  root.write('/etc/vfio-names/10.toml', '[[access]]\ngroup = "nobody-here"\n');
  const failed = await fix();
  t.is(failed.status, 1);
  t.is(
    failed.out,
    'access-impossible: 0000:01:00.0: expected the access that the policy gives to /dev/vfio/devices/vfio0, found no group nobody-here on this machine\n    -> create the account, or correct [[access]] in the policy\n1 finding\n',
  );
  t.deepEqual(failed.err, []);
});

test('plan and verify name the owner and the group of a node for people, and have numbers in documents', async (t) => {
  const root = fakeRoot(t);
  machine(root);
  const { uid, gid } = fs.statSync(root.at(node));
  root.write('/etc/passwd', `me:x:${uid}:${gid}::/:/bin/sh\n`);
  root.write('/etc/group', 'kvm:x:36:\n');
  root.write('/etc/vfio-names/10.toml', '[[access]]\ngroup = "kvm"\nmode = "0640"\n');
  const run = (...args: string[]) => runCli([...args, '--host-root', root.dir], { files: fakeFiles });
  t.regex((await run('plan')).out, new RegExp(`^access ${node}: me:kvm 0640 \\(was me:${gid} 0600\\)$`, 'm'));
  t.regex(
    (await run('verify')).out,
    new RegExp(`expected owner, group and mode me:kvm 0640 of ${node}, found me:${gid} 0600$`, 'm'),
  );
  const { access } = validJson<{ access: unknown[] }>(t, 'plan', (await run('plan', '--json')).out);
  t.like(access[0], { from: `${uid}:${gid} 0600`, to: `${uid}:36 0640` });
});

test('sync applies access rules, reports the changes, and fails if a change fails', async (t) => {
  const root = fakeRoot(t);
  machine(root);
  root.write('/etc/vfio-names/10.toml', '[[access]]\nmode = "0640"\n');
  const args = ['sync', '--host-root', root.dir];
  const first = await runCli(args);
  t.is(first.status, 0);
  const real = isReal(root);
  if (real)
    t.regex(first.out, /^access \/dev\/vfio\/devices\/vfio0: root:root 0640 \(was root:root 0600\)$/m);
  t.is(fs.statSync(root.at(node)).mode & 0o777, real ? 0o640 : 0o600);
  t.is((await runCli(args)).out, 'nothing to change: 1 name\n');
  root.write('/etc/vfio-names/10.toml', '[[access]]\ngroup = "12345"\nmode = "0660"\n');
  fs.rmSync(root.at('/etc/group'));
  const json = await runCli([...args, '--json']);
  const { access } = validJson<{ access: { result: string }[] }>(t, 'sync', json.out);
  // Only root may set a group that the user is not a member of.
  t.is(json.status, !real || access[0]?.result === 'done' ? 0 : 4);
  root.write('/etc/group', 'root:x:0:\n');
  root.write('/etc/vfio-names/10.toml', '[[access]]\ngroup = "nobody-here"\n');
  const unknown = await runCli(args);
  t.is(unknown.status, 1);
  t.regex(unknown.err[0] ?? '', /could not change the access of .*: no group nobody-here on this machine/);
});

test('sync and verify --fix change no access below --root, and say so once', async (t) => {
  const root = fakeRoot(t);
  machine(root);
  root.write('/etc/vfio-names/10.toml', '[[access]]\nowner = "12345"\nmode = "0640"\n');
  const status = fs.statSync(root.at(node));
  for (const args of [['sync'], ['verify', '--fix']]) {
    const { status: found, out, err } = await runCli([...args, '--root', root.dir]);
    t.is(found, args[0] === 'sync' ? 0 : 1);
    t.is(out.includes('access-mismatch'), args[0] !== 'sync');
    t.is(err.length, 1);
    t.regex(err[0] ?? '', /^vfio-names: the access rules of the policy are not applied below --root /);
  }
  const { uid, gid, mode } = fs.statSync(root.at(node));
  t.deepEqual({ uid, gid, mode }, { uid: status.uid, gid: status.gid, mode: status.mode });
});

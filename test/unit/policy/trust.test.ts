import { chmodSync, chownSync, lchownSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { VfioNamesError } from '../../../src/errors.ts';
import { readPolicyFiles, readTrustedPolicyFile } from '../../../src/policy/files.ts';
import { type Trust, trustHint, trustOfCaller, trustProblem } from '../../../src/policy/trust.ts';
import type { FileStatus, SystemFiles } from '../../../src/system/files.ts';
import { runCli } from '../../support/cli.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { hookedFiles } from '../../support/hooked-files.ts';

const isRoot = process.getuid?.() === 0;
const asRoot = isRoot ? test : test.skip;

const status = (overrides: Partial<FileStatus>): FileStatus => ({
  kind: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  inode: 1,
  modified: 0,
  ...overrides,
});
const onlyRoot: Trust = { uids: new Set([0]), allowsGroup: false };

for (const [description, overrides] of [
  ['a file that only root can write', {}],
  ['a file that others can read', { mode: 0o664 & ~0o020, gid: 5 }],
  ['a directory owned by root', { kind: 'directory', mode: 0o755, gid: 5 }],
  ['a set-group-id directory', { kind: 'directory', mode: 0o2755 }],
  ['a link, whatever its mode', { kind: 'symlink', mode: 0o777 }],
] as const)
  test(`policy trust: ${description} is accepted`, (t) =>
    t.is(trustProblem(status(overrides), onlyRoot), undefined));

for (const [description, overrides] of [
  ['a world-writable file', { mode: 0o646 }],
  ['a file that another group can write', { mode: 0o664, gid: 5 }],
  ['a file that group root can write, or somebody in its ACL', { mode: 0o664 }],
  ['a file owned by another user', { uid: 1000 }],
  ['a link owned by another user', { kind: 'symlink', mode: 0o777, uid: 1000 }],
  ['a set-user-id file', { mode: 0o4755 }],
  ['a set-group-id file', { mode: 0o2755 }],
  ['a world-writable directory with the sticky bit', { kind: 'directory', mode: 0o1777 }],
  ['a directory that its group can write', { kind: 'directory', mode: 0o775 }],
] as const)
  test(`policy trust: ${description} is rejected with owner and mode`, (t) => {
    const { uid, gid, mode } = status(overrides);
    t.regex(
      trustProblem(status(overrides), onlyRoot) ?? '',
      new RegExp(`owner ${uid}:${gid} and mode 0*${mode.toString(8)}$`),
    );
  });

test('policy trust: another user than root trusts their own files and those of their group', (t) => {
  const own: Trust = { uids: new Set([0, 1000]), allowsGroup: true };
  t.is(trustProblem(status({ uid: 1000, gid: 1000, mode: 0o664 }), own), undefined);
  t.truthy(trustProblem(status({ uid: 1000, mode: 0o666 }), own));
  t.truthy(trustProblem(status({ uid: 1001 }), own));
});

const withStatus = (owners: Readonly<Record<string, number>>): SystemFiles => ({
  ...fakeFiles,
  stat: (path) => ({ ...fakeFiles.stat('/'), uid: owners[path] ?? 0 }),
});

test('policy trust: root trusts only root, and below --root the owner of that directory', (t) => {
  t.deepEqual(trustOfCaller(withStatus({}), ''), { uids: new Set([0]), allowsGroup: false });
  t.deepEqual(trustOfCaller(withStatus({ '/image': 7 }), '/image'), {
    uids: new Set([0, 7]),
    allowsGroup: false,
  });
  t.deepEqual(trustOfCaller(withStatus({ '/proc/self': 9 }), ''), {
    uids: new Set([0, 9]),
    allowsGroup: true,
  });
});

test('policy trust: the hint contains the path', (t) =>
  t.true(trustHint('/etc/x').endsWith('chmod u-s,g-ws,o-w /etc/x')));

function errorOf(fn: () => unknown): VfioNamesError | undefined {
  try {
    fn();
    return undefined;
  } catch (error) {
    if (error instanceof VfioNamesError) return error;
    throw error;
  }
}

const file = '/etc/vfio-names/a.toml';

/** A root with one policy file, which is accepted. */
function policyRoot(t: ExecutionContext): FakeRoot {
  const root = fakeRoot(t);
  chmodSync(root.dir, 0o755);
  root.write(file, '[names]\nby-path = true\n');
  return root;
}

const rejects = test.macro({
  exec(t, change: (root: FakeRoot) => void, at: string) {
    const root = policyRoot(t);
    t.is(readPolicyFiles(fakeFiles, root.dir).length, 1);
    change(root);
    const error = errorOf(() => readPolicyFiles(fakeFiles, root.dir));
    t.is(error?.status, 2);
    t.true(error?.message.includes(`expected what only root may write, found owner`), error?.message);
    t.true(error?.message.endsWith(` at ${root.at(at)}`), error?.message);
  },
  title: (title) => `a policy is rejected in ${title}`,
});

test('a writable file', rejects, (root) => chmodSync(root.at(file), 0o646), file);
test(
  'a writable directory',
  rejects,
  (root) => chmodSync(root.at('/etc/vfio-names'), 0o777),
  '/etc/vfio-names',
);
test(
  'a writable directory with the sticky bit',
  rejects,
  (root) => chmodSync(root.at('/etc/vfio-names'), 0o1777),
  '/etc/vfio-names',
);
test('a directory below a writable one', rejects, (root) => chmodSync(root.at('/etc'), 0o777), '/etc');
test(
  'a machine where an empty policy directory is writable',
  rejects,
  (root) => {
    mkdirSync(root.at('/run/vfio-names'));
    chmodSync(root.at('/run/vfio-names'), 0o777);
  },
  '/run/vfio-names',
);
test(
  'a directory that a link in the policy directory leads to, if it is writable',
  rejects,
  (root) => {
    root.write('/srv/alice/p.toml', 'x');
    chmodSync(root.at('/srv/alice'), 0o777);
    root.linkWithTarget('/etc/vfio-names/b.toml', '/srv/alice/p.toml');
  },
  '/srv/alice',
);
test(
  'a directory on the way of a link, if it is writable',
  rejects,
  (root) => {
    root.write('/srv/alice/ours/p.toml', 'x');
    root.linkWithTarget('/srv/alice/d', 'ours');
    chmodSync(root.at('/srv/alice'), 0o777);
    root.linkWithTarget('/etc/vfio-names/b.toml', '../../srv/alice/d/p.toml');
  },
  '/srv/alice',
);
test(
  'a directory with an empty file, which masks another one, if it is writable',
  rejects,
  (root) => {
    root.write(file, '');
    chmodSync(root.at(file), 0o666);
  },
  file,
);
test(
  'a writable directory with a link to /dev/null, which masks another one',
  rejects,
  (root) => {
    root.linkWithTarget('/run/vfio-names/a.toml', '/dev/null');
    chmodSync(root.at('/run/vfio-names'), 0o777);
  },
  '/run/vfio-names',
);
asRoot(
  'a link of another user',
  rejects,
  (root) => {
    root.linkWithTarget('/etc/vfio-names/b.toml', '/dev/null');
    lchownSync(root.at('/etc/vfio-names/b.toml'), 1000, 1000);
  },
  '/etc/vfio-names/b.toml',
);
asRoot('a directory of another user', rejects, (root) => chownSync(root.at('/etc'), 1000, 1000), '/etc');
asRoot('a file that its group can write', rejects, (root) => chmodSync(root.at(file), 0o664), file);

asRoot(
  'a policy file in a store that its group can write is accepted if the store has the sticky bit',
  (t) => {
    const root = policyRoot(t);
    root.write('/nix/store/hash-b.toml', '[names]\nby-tag = true\n');
    chmodSync(root.at('/nix/store'), 0o1775);
    root.linkWithTarget('/etc/vfio-names/b.toml', '/nix/store/hash-b.toml');
    t.is(readPolicyFiles(fakeFiles, root.dir).length, 2);
    chmodSync(root.at('/nix/store'), 0o775);
    t.is(errorOf(() => readPolicyFiles(fakeFiles, root.dir))?.status, 2);
  },
);

test('the text of a policy is that of the file that was checked, if another one takes its place meanwhile', (t) => {
  const root = policyRoot(t);
  const calls: string[] = [];
  const files = hookedFiles(({ name, path }) => {
    if (name !== 'readBytes') return;
    calls.push(path);
    writeFileSync(root.at('/evil'), '[[access]]\nowner = "alice"\n');
    renameSync(root.at('/evil'), root.at(file));
  });
  t.deepEqual(
    readPolicyFiles(files, root.dir).map(({ text }) => text),
    ['[names]\nby-path = true\n'],
  );
  t.is(calls.length, 1);
});

test('a directory that is exchanged after it was opened does not change which file is read', (t) => {
  const root = policyRoot(t);
  root.write('/srv/ours/p.toml', 'ours');
  root.write('/srv/evil/p.toml', 'evil');
  root.linkWithTarget('/etc/vfio-names/b.toml', '/srv/d/p.toml');
  symlinkSync('ours', root.at('/srv/d'));
  const files = hookedFiles(({ name, path }) => {
    if (name !== 'openPath' || !path.endsWith('/p.toml')) return;
    renameSync(root.at('/srv/ours'), root.at('/srv/old'));
    renameSync(root.at('/srv/evil'), root.at('/srv/ours'));
  });
  t.deepEqual(
    readPolicyFiles(files, root.dir).map(({ text }) => text),
    ['[names]\nby-path = true\n', 'ours'],
  );
});

test('a policy cannot be checked without /proc', (t) => {
  const root = policyRoot(t);
  const files: SystemFiles = {
    ...fakeFiles,
    openPath: (path) => ({ ...fakeFiles.openPath(path), path: '/nowhere' }),
  };
  t.regex(errorOf(() => readPolicyFiles(files, root.dir))?.message ?? '', /expected \/proc, found nothing/);
});

test('sync and other commands that change something reject a --policy that others can change, list and plan do not', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
  root.write('/own/p.toml', '[names]\nby-path = true\n');
  const path = root.at('/own/p.toml');
  const options = ['--host-root', root.dir, '--policy', path];
  chmodSync(path, 0o666);
  for (const args of [
    ['sync'],
    ['verify', '--fix'],
    ['rules', 'install', '--dry-run'],
    ['exec', '01:00.0', '--host-root', root.dir, '--policy', path, '--', 'true'],
  ]) {
    const { status: exit, err } = await runCli(args[0] === 'exec' ? args : [...args, ...options]);
    t.is(exit, 2, args.join(' '));
    t.regex(err.join('\n'), /p\.toml: expected what only root may write/, args.join(' '));
  }
  t.deepEqual(root.links(), {});
  for (const args of [['list'], ['plan'], ['rules', 'render'], ['config', 'show']])
    t.not((await runCli([...args, ...options])).status, 2, args.join(' '));
  chmodSync(path, 0o644);
  chmodSync(root.at('/own'), 0o777);
  t.is((await runCli(['sync', ...options])).status, 2);
  chmodSync(root.at('/own'), 0o755);
  t.is((await runCli(['sync', ...options])).status, 0);
});

test('a --policy with a relative path is checked from the working directory', (t) => {
  const root = fakeRoot(t);
  root.write('/own/p.toml', 'x');
  const files: SystemFiles = {
    ...fakeFiles,
    readlink: (path) => (path === '/proc/self/cwd' ? root.at('/own') : fakeFiles.readlink(path)),
  };
  t.is(readTrustedPolicyFile(files, 'p.toml'), 'x');
  t.is(readTrustedPolicyFile(files, '../own/./p.toml'), 'x');
  chmodSync(root.at('/own'), 0o777);
  t.is(errorOf(() => readTrustedPolicyFile(files, 'p.toml'))?.status, 2);
});

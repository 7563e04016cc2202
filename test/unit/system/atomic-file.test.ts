import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { replaceFile, replacePath, sweepTemporaries } from '../../../src/system/atomic-file.ts';
import type { SystemFiles } from '../../../src/system/files.ts';
import { writeGenerated } from '../../../src/system/generated-file.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { errnoError, hookedFiles } from '../../support/hooked-files.ts';

const token = `${process.pid}-0a1b2c3d`;
/** Higher than every process id (PID_MAX_LIMIT). */
const dead = '4194999-0a1b2c3d';

const file = (root: FakeRoot) => ({
  path: root.at('/etc/cdi/x.json'),
  description: 'file',
  expected: 'a file',
  isGenerated: () => true,
});

function rootWith(t: ExecutionContext, ...names: readonly string[]): FakeRoot {
  const root = fakeRoot(t);
  fs.mkdirSync(root.at('/etc/cdi'));
  for (const name of names) root.write(`/etc/cdi/${name}`, 'left over');
  return root;
}

const entries = (root: FakeRoot): string[] => fs.readdirSync(root.at('/etc/cdi')).sort();

const writers: Readonly<Record<string, (root: FakeRoot, files?: SystemFiles) => void>> = {
  writeGenerated: (root, files = fakeFiles) => writeGenerated(files, file(root), 'text', token),
  replacePath: (root, files = fakeFiles) =>
    replacePath(files, root.at('/etc/cdi/x.json'), 'text', token, { sweep: true, isGenerated: () => true }),
};

for (const [name, write] of Object.entries(writers)) {
  test(`${name} removes what a killed run left, and nothing else`, (t) => {
    const root = rootWith(
      t,
      `.vfio-names-${dead}`,
      `.vfio-names-${process.ppid}-0`,
      '.vfio-names-x',
      '.vfio-names-12x',
      '.other-4194999-0',
    );
    write(root);
    const kept = [`.vfio-names-${process.ppid}-0`, '.vfio-names-x', '.vfio-names-12x', '.other-4194999-0'];
    t.deepEqual(entries(root), [...kept, 'x.json'].sort());
  });

  test(`${name} leaves no temporary file after a run that was killed at any call and another run`, (t) => {
    for (let limit = 1; limit < 30; limit++) {
      const root = rootWith(t);
      const killed = hookedFiles(({ number }) => {
        if (number >= limit) throw new Error('killed');
      });
      try {
        write(root, killed);
      } catch {
        for (const left of entries(root))
          if (left.startsWith('.'))
            fs.renameSync(root.at(`/etc/cdi/${left}`), root.at(`/etc/cdi/.vfio-names-${dead}`));
      }
      write(root);
      t.deepEqual(entries(root), ['x.json'], `killed at call ${limit}`);
    }
  });

  test(`${name} removes its temporary file if the rename fails`, (t) => {
    const root = rootWith(t);
    const failing = hookedFiles((call) => {
      if (call.name === 'renameNew') throw errnoError('EIO');
    });
    t.throws(() => write(root, failing), { message: /EIO/ });
    t.deepEqual(entries(root), []);
  });

  test(`${name} writes its file again if another run sweeps it before the rename`, (t) => {
    const root = rootWith(t);
    let swept = false;
    const files = hookedFiles(({ name: call, path }) => {
      if (call === 'renameNew' && !swept) fs.unlinkSync(path);
      if (call === 'renameNew') swept = true;
    });
    write(root, files);
    t.deepEqual(entries(root), ['x.json']);
  });
}

test('sweepTemporaries skips a directory with the name of a temporary file', (t) => {
  const root = rootWith(t);
  fs.mkdirSync(root.at(`/etc/cdi/.vfio-names-${dead}`));
  const dir = fakeFiles.openDir(root.at('/etc/cdi'));
  t.teardown(dir.release);
  t.notThrows(() => sweepTemporaries(fakeFiles, dir, () => true));
  t.deepEqual(entries(root), [`.vfio-names-${dead}`]);
});

test('sweepTemporaries removes nothing without /proc', (t) => {
  const root = rootWith(t, `.vfio-names-${dead}`);
  const noProc = hookedFiles(({ name, path }) => {
    if (name === 'stat' && path.startsWith('/proc/')) throw errnoError('ENOENT');
  });
  const dir = noProc.openDir(root.at('/etc/cdi'));
  t.teardown(dir.release);
  sweepTemporaries(noProc, dir, () => true);
  t.deepEqual(entries(root), [`.vfio-names-${dead}`]);
});

test('replaceFile is durable unless the caller says otherwise', (t) => {
  const root = rootWith(t);
  const calls: string[] = [];
  const files = hookedFiles(({ name }) => calls.push(name));
  const dir = files.openDir(root.at('/etc/cdi'));
  t.teardown(dir.release);
  replaceFile(files, dir, { name: 'x', text: 'text', isOurs: () => true, durable: true }, token);
  t.deepEqual(calls, ['openDir', 'createFile', 'renameNew', 'syncDirectory']);
  replaceFile(files, dir, { name: 'y', text: 'text', isOurs: () => true, durable: false }, token);
  t.deepEqual(calls.slice(4), ['createFile', 'renameNew']);
});

test('replacePath follows a link in the directory of its path', (t) => {
  const root = rootWith(t);
  root.linkTo('/etc/link', '/etc/cdi');
  replacePath(fakeFiles, root.at('/etc/link/x.prom'), 'text', token, {
    sweep: false,
    isGenerated: () => true,
  });
  t.deepEqual(entries(root), ['x.prom']);
});

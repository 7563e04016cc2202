/** Races between runs of vfio_id for the same link: one test per relevant interleaving. */
import { unlinkSync } from 'node:fs';
import test from 'ava';
import type { Files } from '../../../src/system/files.ts';
import { vfioId } from '../../../src/vfio-id/vfio-id.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { type Call, errnoError, hookedFiles } from '../../support/hooked-files.ts';

const [a, b] = ['0000:00:04.0', '0000:00:05.0'];

function run(root: FakeRoot, files: Files, ...argv: string[]): { status: number; err: string } {
  const machine = { files, root: root.dir, version: '1', token: 't' };
  const { status, err } = vfioId({ argv: ['link', ...argv], env: {} }, machine);
  return { status, err };
}

/** Calls `fn` once, right before the first call that `matches` accepts. */
function once(matches: (call: Call) => boolean, fn: () => void): Files {
  let done = false;
  return hookedFiles((call) => {
    if (done || !matches(call)) return;
    done = true;
    fn();
  });
}

test('link add keeps a better claim that appears after the link was read', (t) => {
  const root = fakeRoot(t);
  root.add({ name: a, sysname: 'vfio0' });
  root.add({ name: b, sysname: 'vfio1' });
  root.linkWithTarget('/dev/vfio/by-x/one', '../devices/vfio7');
  const files = once(
    ({ name, path }) => name === 'rename' && path.endsWith('/one'),
    () => root.linkWithTarget('/dev/vfio/by-x/one', '../devices/vfio0'),
  );
  t.is(run(root, files, 'add', '--link', '1=by-x/one', '/vfio1').status, 0);
  t.deepEqual(root.links(), { 'by-x/one': '../devices/vfio0', [`pci/${b}`]: '../devices/vfio1' });
});

test('link add keeps a better claim that appears while the link is absent', (t) => {
  const root = fakeRoot(t);
  root.add({ name: a, sysname: 'vfio0' });
  root.add({ name: b, sysname: 'vfio1' });
  root.linkWithTarget('/dev/vfio/by-x/one', '../devices/vfio7');
  const files = once(
    ({ name, number }) => name === 'symlink' && number > 1,
    () => root.linkWithTarget('/dev/vfio/by-x/one', '../devices/vfio0'),
  );
  run(root, files, 'add', '--link', '1=by-x/one', '/vfio1');
  t.is(root.links()['by-x/one'], '../devices/vfio0');
});

test('link add keeps an unmanaged link that appears after the link was read', (t) => {
  const root = fakeRoot(t);
  root.add({ name: a, sysname: 'vfio0' });
  root.linkWithTarget(`/dev/vfio/pci/${a}`, '../devices/vfio7');
  const files = once(
    ({ name }) => name === 'rename',
    () => root.linkWithTarget(`/dev/vfio/pci/${a}`, '/etc/passwd'),
  );
  t.is(run(root, files, 'add', '/vfio0').status, 1);
  t.deepEqual(root.links(), { [`pci/${a}`]: '/etc/passwd' });
});

test('link add creates the directory again if another run removes it', (t) => {
  const root = fakeRoot(t);
  root.add({ name: a, sysname: 'vfio0' });
  const files = once(
    ({ name }) => name === 'symlink',
    () => fakeFiles.rmdir(root.at('/dev/vfio/pci')),
  );
  t.is(run(root, files, 'add', '/vfio0').status, 0);
  t.deepEqual(root.links(), { [`pci/${a}`]: '../devices/vfio0' });
});

test('link add leaves no links of a device that is removed meanwhile', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: a, sysname: 'vfio0' });
  const files = once(
    ({ name }) => name === 'symlink',
    () => root.unbind(device),
  );
  t.is(run(root, files, 'add', '/vfio0').status, 0);
  t.deepEqual(root.links(), {});
});

test('link add leaves no links of a device whose number is reused meanwhile', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: a, sysname: 'vfio0' });
  const files = once(
    ({ name }) => name === 'symlink',
    () => {
      root.unbind(device);
      root.add({ name: b, sysname: 'vfio0' });
      root.linkWithTarget(`/dev/vfio/pci/${b}`, '../devices/vfio0');
    },
  );
  t.is(run(root, files, 'add', '/vfio0').status, 0);
  t.deepEqual(root.links(), { [`pci/${b}`]: '../devices/vfio0' });
});

test('link remove creates the links again if the device comes back meanwhile', (t) => {
  const root = fakeRoot(t);
  root.linkWithTarget(`/dev/vfio/pci/${a}`, '../devices/vfio0');
  const files = once(
    ({ name }) => name === 'unlink',
    () => void root.add({ name: a, sysname: 'vfio0' }),
  );
  t.is(run(root, files, 'remove', '/vfio0').status, 0);
  t.deepEqual(root.links(), { [`pci/${a}`]: '../devices/vfio0' });
});

test('link remove succeeds if another process removed the link', (t) => {
  const root = fakeRoot(t);
  root.linkWithTarget(`/dev/vfio/pci/${a}`, '../devices/vfio0');
  const files = once(
    ({ name }) => name === 'unlink',
    () => unlinkSync(root.at(`/dev/vfio/pci/${a}`)),
  );
  t.deepEqual(run(root, files, 'remove', '/vfio0'), { status: 0, err: '' });
});

test('link add and remove report failed links in one line', (t) => {
  const root = fakeRoot(t);
  root.add({ name: a, sysname: 'vfio0' });
  const files = hookedFiles(({ name }) => {
    if (name === 'symlink' || name === 'unlink') throw errnoError('EROFS');
  });
  t.deepEqual(run(root, files, 'add', '--link', '1=by-x/{name}', '/vfio0'), {
    status: 1,
    err: `vfio_id: could not keep /dev/vfio/pci/${a}: EROFS (and 1 more)`,
  });
  root.linkWithTarget('/dev/vfio/pci/old', '../devices/vfio3');
  t.is(run(root, files, 'remove', '/vfio3').err, 'vfio_id: could not keep /dev/vfio/pci/old: EROFS');
});

test('link add gives up on a link that keeps failing with ENOENT', (t) => {
  const root = fakeRoot(t);
  root.add({ name: a, sysname: 'vfio0' });
  const files = hookedFiles(({ name }) => {
    if (name === 'symlink') throw errnoError('ENOENT');
  });
  t.is(run(root, files, 'add', '/vfio0').err, `vfio_id: could not keep /dev/vfio/pci/${a}: ENOENT`);
});

test('link add gives a link to the rule with the higher priority in any order of devices', (t) => {
  for (const order of [
    [a, b],
    [b, a],
  ]) {
    const root = fakeRoot(t);
    root.add({ name: a, sysname: 'vfio0', driver: 'x' });
    root.add({ name: b, sysname: 'vfio1' });
    root.linkTo(`/sys/devices/pci0000:00/${b}/physfn`, `/sys/devices/pci0000:00/${a}`);
    for (const name of order) {
      const texts = ['--link', '1:1=by-x/{pf}', '--link', `2:-1=by-x/${a}`, '--link', '3=by-x/{mdevType}'];
      t.is(run(root, fakeFiles, 'add', ...texts, name === a ? '/vfio0' : '/vfio1').status, 0);
    }
    t.is(root.links()[`by-x/${a}`], '../devices/vfio1');
  }
});

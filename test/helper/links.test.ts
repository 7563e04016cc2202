/** Links that several runs want at once: every interleaving that matters, by hand. */
import { unlinkSync } from 'node:fs';
import test from 'ava';
import { vfioId } from '../../src/helper/vfio-id.ts';
import type { Files } from '../../src/system/files.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../helpers/fake-root.ts';
import { type Call, failure, hookedFiles } from '../helpers/hooked-files.ts';

const [a, b] = ['0000:00:04.0', '0000:00:05.0'];

function run(root: FakeRoot, files: Files, ...argv: string[]): { status: number; err: string } {
  const machine = { files, root: root.dir, version: '1', token: 't' };
  const { status, err } = vfioId({ argv: ['link', ...argv], env: {} }, machine);
  return { status, err };
}

/** Does `act` once, right before the first call that `at` accepts. */
function once(at: (call: Call) => boolean, act: () => void): Files {
  let done = false;
  return hookedFiles((call) => {
    if (done || !at(call)) return;
    done = true;
    act();
  });
}

test('a better claim that comes between the look and the act wins', (t) => {
  const root = fakeRoot(t);
  root.add({ name: a, sysname: 'vfio0' });
  root.add({ name: b, sysname: 'vfio1' });
  root.linkText('/dev/vfio/by-x/one', '../devices/vfio7');
  const files = once(
    ({ name, path }) => name === 'rename' && path.endsWith('/one'),
    () => root.linkText('/dev/vfio/by-x/one', '../devices/vfio0'),
  );
  t.is(run(root, files, 'add', '--link', '1=by-x/one', '/vfio1').status, 0);
  t.deepEqual(root.links(), { 'by-x/one': '../devices/vfio0', [`pci/${b}`]: '../devices/vfio1' });
});

test('a better claim that comes while the place is free wins too', (t) => {
  const root = fakeRoot(t);
  root.add({ name: a, sysname: 'vfio0' });
  root.add({ name: b, sysname: 'vfio1' });
  root.linkText('/dev/vfio/by-x/one', '../devices/vfio7');
  const files = once(
    ({ name, number }) => name === 'symlink' && number > 1,
    () => root.linkText('/dev/vfio/by-x/one', '../devices/vfio0'),
  );
  run(root, files, 'add', '--link', '1=by-x/one', '/vfio1');
  t.is(root.links()['by-x/one'], '../devices/vfio0');
});

test('a foreign link that comes between the look and the act stays', (t) => {
  const root = fakeRoot(t);
  root.add({ name: a, sysname: 'vfio0' });
  root.linkText(`/dev/vfio/pci/${a}`, '../devices/vfio7');
  const files = once(
    ({ name }) => name === 'rename',
    () => root.linkText(`/dev/vfio/pci/${a}`, '/etc/passwd'),
  );
  t.is(run(root, files, 'add', '/vfio0').status, 1);
  t.deepEqual(root.links(), { [`pci/${a}`]: '/etc/passwd' });
});

test('the directory that goes with another name is made anew', (t) => {
  const root = fakeRoot(t);
  root.add({ name: a, sysname: 'vfio0' });
  const files = once(
    ({ name }) => name === 'symlink',
    () => fakeFiles.rmdir(root.at('/dev/vfio/pci')),
  );
  t.is(run(root, files, 'add', '/vfio0').status, 0);
  t.deepEqual(root.links(), { [`pci/${a}`]: '../devices/vfio0' });
});

test('a device that goes while its links are made keeps none', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: a, sysname: 'vfio0' });
  const files = once(
    ({ name }) => name === 'symlink',
    () => root.unbind(device),
  );
  t.is(run(root, files, 'add', '/vfio0').status, 0);
  t.deepEqual(root.links(), {});
});

test('a number that changes hands while links are made leaves those of the old device nowhere', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: a, sysname: 'vfio0' });
  const files = once(
    ({ name }) => name === 'symlink',
    () => {
      root.unbind(device);
      root.add({ name: b, sysname: 'vfio0' });
      root.linkText(`/dev/vfio/pci/${b}`, '../devices/vfio0');
    },
  );
  t.is(run(root, files, 'add', '/vfio0').status, 0);
  t.deepEqual(root.links(), { [`pci/${b}`]: '../devices/vfio0' });
});

test('a device that comes back while its links are removed has them', (t) => {
  const root = fakeRoot(t);
  root.linkText(`/dev/vfio/pci/${a}`, '../devices/vfio0');
  const files = once(
    ({ name }) => name === 'unlink',
    () => void root.add({ name: a, sysname: 'vfio0' }),
  );
  t.is(run(root, files, 'remove', '/vfio0').status, 0);
  t.deepEqual(root.links(), { [`pci/${a}`]: '../devices/vfio0' });
});

test('removing what somebody else removed is no failure', (t) => {
  const root = fakeRoot(t);
  root.linkText(`/dev/vfio/pci/${a}`, '../devices/vfio0');
  const files = once(
    ({ name }) => name === 'unlink',
    () => unlinkSync(root.at(`/dev/vfio/pci/${a}`)),
  );
  t.deepEqual(run(root, files, 'remove', '/vfio0'), { status: 0, err: '' });
});

test('what may not be written is said in one line', (t) => {
  const root = fakeRoot(t);
  root.add({ name: a, sysname: 'vfio0' });
  const files = hookedFiles(({ name }) => {
    if (name === 'symlink' || name === 'unlink') throw failure('EROFS');
  });
  t.deepEqual(run(root, files, 'add', '--link', '1=by-x/{name}', '/vfio0'), {
    status: 1,
    err: `vfio_id: could not keep /dev/vfio/pci/${a}: EROFS (and 1 more)`,
  });
  root.linkText('/dev/vfio/pci/old', '../devices/vfio3');
  t.is(run(root, files, 'remove', '/vfio3').err, 'vfio_id: could not keep /dev/vfio/pci/old: EROFS');
});

test('a link that somebody takes away for ever is given up', (t) => {
  const root = fakeRoot(t);
  root.add({ name: a, sysname: 'vfio0' });
  const files = hookedFiles(({ name }) => {
    if (name === 'symlink') throw failure('ENOENT');
  });
  t.is(run(root, files, 'add', '/vfio0').err, `vfio_id: could not keep /dev/vfio/pci/${a}: ENOENT`);
});

test('the rule with the higher priority has the name, whichever device comes first', (t) => {
  for (const order of [
    [a, b],
    [b, a],
  ]) {
    const root = fakeRoot(t);
    root.add({ name: a, sysname: 'vfio0', driver: 'x' });
    root.add({ name: b, sysname: 'vfio1' });
    root.link(`/sys/devices/pci0000:00/${b}/physfn`, `/sys/devices/pci0000:00/${a}`);
    for (const name of order) {
      const texts = ['--link', '1:1=by-x/{pf}', '--link', `2:-1=by-x/${a}`, '--link', '3=by-x/{mdevType}'];
      t.is(run(root, fakeFiles, 'add', ...texts, name === a ? '/vfio0' : '/vfio1').status, 0);
    }
    t.is(root.links()[`by-x/${a}`], '../devices/vfio1');
  }
});

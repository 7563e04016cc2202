import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { VfioNamesError } from '../../src/errors.ts';
import { findByNameOrPath } from '../../src/links/find-named.ts';
import { observe } from '../../src/links/observe.ts';
import { fakeFiles, fakeRoot } from '../helpers/fake-root.ts';

function sample(t: ExecutionContext) {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
  const machine = { files: fakeFiles, root: root.dir, more: () => [{ path: 'by-alias/gpu', priority: 0 }] };
  return { root, find: (name: string) => findByNameOrPath(machine, observe(machine), name).name };
}

test('findNamed finds a device by a node at any path and through links', (t) => {
  const { root, find } = sample(t);
  root.node('/dev/mine', '247:0');
  root.linkTo('/srv/gpu', '/dev/mine');
  t.is(find('/dev/mine'), '0000:01:00.0');
  t.is(find('/srv/gpu'), '0000:01:00.0');
});

test('findNamed finds a policy name with its directory or as a path, even if the link is wrong', (t) => {
  const { root, find } = sample(t);
  root.linkWithTarget('/dev/vfio/by-alias/gpu', '../devices/vfio9');
  t.is(find('by-alias/gpu'), '0000:01:00.0');
  t.is(find('/dev/vfio/by-alias/gpu'), '0000:01:00.0');
});

test('findNamed finds a policy name whose device has no node, unless a device with a node claims it', (t) => {
  const { root, find } = sample(t);
  fs.rmSync(root.at('/dev/vfio/devices/vfio0'));
  t.is(find('by-alias/gpu'), '0000:01:00.0');
  root.add({ name: '0000:02:00.0', sysname: 'vfio1' });
  t.is(find('by-alias/gpu'), '0000:02:00.0');
});

test('findNamed rejects a path that is not a device node and reports what it found', (t) => {
  const { root, find } = sample(t);
  root.write('/etc/file', '');
  root.linkWithTarget('/etc/loop', 'loop');
  const message = (path: string): string | undefined =>
    t.throws(() => find(path), { instanceOf: VfioNamesError })?.message;
  t.is(
    message('/etc/file'),
    'expected a device node at /etc/file, found a regular file; give a node, a link to one, or a directory in /sys',
  );
  t.is(
    message('/etc'),
    'expected a device node at /etc, found a directory; give a node, a link to one, or a directory in /sys',
  );
  t.is(
    message('/none'),
    'expected a device node at /none, found nothing that can be read; give a node, a link to one, or a directory in /sys',
  );
  t.is(
    message('/etc/loop'),
    'expected a device node at /etc/loop, found nothing that can be read; give a node, a link to one, or a directory in /sys',
  );
  t.is(
    message('/etc/a\nb'),
    'expected a device node at /etc/a\\x0ab, found nothing that can be read; give a node, a link to one, or a directory in /sys',
  );
  root.node('/dev/null', '1:3');
  t.regex(message('/dev/null') ?? '', /found none called 1:3/);
  t.true(fs.existsSync(root.at('/dev/null')));
});

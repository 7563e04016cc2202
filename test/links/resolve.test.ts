import * as fs from 'node:fs';
import test from 'ava';
import type { Device } from '../../src/devices/device.ts';
import { VfioNamesError } from '../../src/errors.ts';
import { resolveDevice } from '../../src/links/resolve.ts';
import type { Files } from '../../src/system/files.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../helpers/fake-root.ts';
import { type Call, failure, hookedFiles } from '../helpers/hooked-files.ts';

const node = '/dev/vfio/devices/vfio3';

function gpu(root: FakeRoot): Device {
  return root.add({ name: '0000:01:00.0', sysname: 'vfio3' });
}

function refusal(root: FakeRoot, device: Device, files: Files = fakeFiles): string {
  try {
    return resolveDevice(files, root.dir, device).nodePath;
  } catch (error) {
    if (!(error instanceof VfioNamesError)) throw error;
    return `${error.code} ${error.exitCode}: ${error.message}`;
  }
}

test('a true node is given with its devnum', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  t.deepEqual(resolveDevice(fakeFiles, root.dir, device), { device, nodePath: node, devnum: '247:3' });
});

test('a minor above 255 is compared in full', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio3', devnum: '511:259' });
  t.is(refusal(root, device), node);
  root.node(node, '511:3');
  t.regex(refusal(root, device), /^false-node 1: /);
});

const expected = `expected the character device 247:3 at ${node}, found`;
const remedy = 'bind the device anew, or mount devtmpfs on /dev (in a container: pass the node in)';

test('a missing node is refused', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  fs.rmSync(root.at(node));
  t.is(refusal(root, device), `node-missing 1: ${expected} nothing; ${remedy}`);
});

test('a node of another devnum is refused', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  root.node(node, '247:4');
  t.is(refusal(root, device), `false-node 1: ${expected} the device 247:4; ${remedy}`);
});

test('a file, a directory and a link to a true node are refused', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  fs.rmSync(root.at(node));
  root.write(node, 'no node');
  t.is(refusal(root, device), `false-node 1: ${expected} a file; ${remedy}`);
  fs.rmSync(root.at(node));
  fs.mkdirSync(root.at(node));
  t.is(refusal(root, device), `false-node 1: ${expected} a directory; ${remedy}`);
  fs.rmdirSync(root.at(node));
  root.node('/dev/other', '247:3');
  root.link(node, '/dev/other');
  t.is(refusal(root, device), `false-node 1: ${expected} a symlink; ${remedy}`);
});

test('a node that may not be looked at is refused with status 4', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  const files = hookedFiles(({ name }) => {
    if (name === 'fstat') throw failure('EACCES');
  });
  t.regex(refusal(root, device, files), /^not-permitted 4: .*could not look: EACCES; run it as root/);
});

test('another failure of the node is a false node', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  const files = hookedFiles(({ name }) => {
    if (name === 'fstat') throw failure('ELOOP');
  });
  t.regex(refusal(root, device, files), /^false-node 1: .*could not look: ELOOP/);
});

test('a kernel without nodes is refused with status 5 and the way out', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio3', devnum: false });
  t.regex(
    refusal(root, device),
    /^no-cdev 5: expected a node for 0000:01:00.0, found none: .*; use the group node/,
  );
});

for (const [title, spoil] of [
  ['missing', (root: FakeRoot) => fs.rmSync(root.at(node))],
  ['false', (root: FakeRoot) => root.node(node, '247:9')],
] as const)
  test(`where the node is ${title}, /dev/char leads to the device, and why is said`, (t) => {
    const root = fakeRoot(t);
    const device = gpu(root);
    spoil(root);
    root.node('/dev/kept', '247:3');
    root.link('/dev/char/247:3', '/dev/kept');
    const resolution = resolveDevice(fakeFiles, root.dir, device);
    t.is(resolution.nodePath, '/dev/char/247:3');
    t.true(resolution.instead?.startsWith(expected));
  });

test('a /dev/char that leads to another device, to a file or nowhere is not taken', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  fs.rmSync(root.at(node));
  root.node('/dev/kept', '247:4');
  root.link('/dev/char/247:3', '/dev/kept');
  t.regex(refusal(root, device), /^node-missing 1/);
  root.write('/dev/kept2', '');
  root.relink('/dev/char/247:3', '/dev/kept2');
  t.regex(refusal(root, device), /^node-missing 1/);
  root.linkText('/dev/char/247:3', '247:3');
  t.regex(refusal(root, device), /^node-missing 1/);
});

function whenOpened(act: () => void): (call: Call) => void {
  let done = false;
  return ({ name }) => {
    if (name !== 'fstat' || done) return;
    done = true;
    act();
  };
}

const race = test.macro({
  exec(t, change: (root: FakeRoot, device: Device) => void, message: string) {
    const root = fakeRoot(t);
    const device = gpu(root);
    const files = hookedFiles(whenOpened(() => change(root, device)));
    t.is(
      refusal(root, device, files),
      `replaced 3: expected 0000:01:00.0 to stay bound while it was resolved, but ${message}; try again`,
    );
  },
  title: (title) => title ?? '',
});

test(
  'a device that goes in between is refused with status 3',
  race,
  (root, device) => root.unbind(device),
  'it went away',
);

test(
  'a device that goes in between is refused with status 3 even if its node is false by then',
  race,
  (root, device) => {
    root.unbind(device);
    root.node(node, '1:3');
  },
  'it went away',
);

test(
  'a device whose number goes to another one in between is refused with status 3, though the node looks true',
  race,
  (root, device) => {
    root.unbind(device);
    root.add({ name: '0000:02:00.0', sysname: 'vfio3' });
  },
  '0000:02:00.0 has its number vfio3 now',
);

test(
  'a device that is bound anew with another devnum in between is refused with status 3',
  race,
  (root, device) => {
    root.unbind(device);
    root.add({ name: '0000:01:00.0', sysname: 'vfio3', devnum: '248:3' });
  },
  '0000:01:00.0 has its number vfio3 now',
);

test('a fault of the program is thrown on, from either look', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  fs.rmSync(root.at(node));
  for (const call of ['fstat', 'stat'])
    t.throws(
      () =>
        resolveDevice(
          hookedFiles(({ name }) => {
            if (name === call) throw new TypeError('fault');
          }),
          root.dir,
          device,
        ),
      { instanceOf: TypeError },
    );
});

import test from 'ava';
import type { Device } from '../../src/devices/device.ts';
import type { Change } from '../../src/links/change.ts';
import { managedBy } from '../../src/links/managed.ts';
import { plan } from '../../src/links/plan.ts';
import { type Entry, isTemporary, nodeOfTarget } from '../../src/links/tree.ts';

const device: Device = {
  bus: 'pci',
  name: 'gpu',
  sysname: 'vfio0',
  devnum: '247:0',
  syspath: '/sys/devices/gpu',
};

/** `-> TARGET` is a link, `/` a directory, any other word a kind. */
function entries(tree: Readonly<Record<string, string>>): Map<string, Entry> {
  return new Map(
    Object.entries(tree).map(([path, what]): [string, Entry] => {
      if (what.startsWith('-> ')) return [path, { kind: 'symlink', target: what.slice(3) }];
      return [path, { kind: what === '/' ? 'directory' : (what as Entry['kind']) }];
    }),
  );
}

function short(change: Change): string {
  const found = change.action === 'blocked' ? `: ${change.found}` : '';
  return `${change.action} ${change.link}${'reason' in change ? `: ${change.reason}` : found}`;
}

const row = test.macro({
  exec(t, wanted: readonly string[], tree: Readonly<Record<string, string>>, expected: readonly string[]) {
    const map = new Map(wanted.map((link) => [link, { device }]));
    const changes = plan(map, { entries: entries(tree), unreadable: new Map() }, new Set(['vfio0']));
    t.deepEqual(changes.map(short), expected);
  },
  title: (title) => title ?? '',
});

const pci = { pci: '/' };
test('a link that is missing is made', row, ['pci/gpu'], {}, ['create pci/gpu']);
test(
  'a link that is right is left alone',
  row,
  ['pci/gpu'],
  { ...pci, 'pci/gpu': '-> ../devices/vfio0' },
  [],
);
test('a link to another node is replaced', row, ['pci/gpu'], { ...pci, 'pci/gpu': '-> ../devices/vfio1' }, [
  'replace pci/gpu',
]);
test(
  'a link out of the directories of names is in the way',
  row,
  ['pci/gpu'],
  { ...pci, 'pci/gpu': '-> /dev/null' },
  ['blocked pci/gpu: a link to /dev/null'],
);
test('a file is in the way', row, ['pci/gpu'], { ...pci, 'pci/gpu': 'file' }, ['blocked pci/gpu: a file']);
test('a socket is in the way', row, ['pci/gpu'], { ...pci, 'pci/gpu': 'other' }, [
  'blocked pci/gpu: a special file',
]);
test('a block device is in the way', row, ['pci/gpu'], { ...pci, 'pci/gpu': 'block' }, [
  'blocked pci/gpu: a block device',
]);
test('a node is in the way', row, ['pci/gpu'], { ...pci, 'pci/gpu': 'char' }, [
  'blocked pci/gpu: a character device',
]);
test(
  'a directory with something of others is in the way',
  row,
  ['pci/gpu'],
  { ...pci, 'pci/gpu': '/', 'pci/gpu/x': 'block' },
  ['blocked pci/gpu: a directory'],
);
test('an empty directory in the place of a link goes first', row, ['pci/gpu'], { ...pci, 'pci/gpu': '/' }, [
  'remove-directory pci/gpu',
  'create pci/gpu',
]);
test(
  'a file in the place of the bus is in the way of all its links',
  row,
  ['pci/a', 'pci/b'],
  { pci: 'file' },
  ['blocked pci/a: a file at pci', 'blocked pci/b: a file at pci'],
);
test('a link in the place of the bus is in the way', row, ['pci/a'], { pci: '-> /elsewhere' }, [
  'blocked pci/a: a link to /elsewhere',
]);
test(
  'a link of a device that is gone is removed, with its directory',
  row,
  [],
  { ...pci, 'pci/x': '-> ../devices/vfio9' },
  ['remove pci/x: gone', 'remove-directory pci'],
);
test(
  'a link that nobody wants is removed although its device is there',
  row,
  ['pci/gpu'],
  { ...pci, 'pci/gpu': '-> ../devices/vfio0', 'pci/x': '-> ../devices/vfio0' },
  ['remove pci/x: unwanted'],
);
test(
  'a temporary name is removed',
  row,
  ['pci/gpu'],
  { ...pci, 'pci/gpu': '-> ../devices/vfio0', 'pci/.vfio-names-1-2': '-> ../devices/vfio0' },
  ['remove pci/.vfio-names-1-2: temporary'],
);
test(
  'a temporary name is removed only where it is a link',
  row,
  [],
  { ...pci, 'pci/.vfio-names-1-2': 'file', 'pci/.vfio-names-3-4': '-> /dev/null' },
  ['remove pci/.vfio-names-3-4: temporary'],
);
test(
  'a link that came while it was looked at is left for the next look',
  row,
  [],
  { ...pci, 'pci/gpu': 'symlink' },
  [],
);
test('a link of others keeps its directory', row, [], { ...pci, 'pci/x': '-> /dev/null' }, []);
test(
  'directories go the deepest first',
  row,
  [],
  { 'by-a/b': '/', 'by-a': '/', 'by-c': '/', 'by-a/b/c': '/', 'by-b': '/' },
  [
    'remove-directory by-c',
    'remove-directory by-b',
    'remove-directory by-a/b/c',
    'remove-directory by-a/b',
    'remove-directory by-a',
  ],
);
test(
  'a directory goes although its name begins the name of one that is needed',
  row,
  ['by-ab/x'],
  { 'by-ab': '/', 'by-a': '/' },
  ['remove-directory by-a', 'create by-ab/x'],
);
test(
  'removals come first, and each kind of change in the order of its paths',
  row,
  ['pci/d', 'pci/b', 'pci/c', 'pci/a'],
  {
    ...pci,
    'pci/z': '-> ../devices/vfio9',
    'pci/x': '-> ../devices/vfio9',
    'pci/y': '-> ../devices/vfio9',
    'pci/w': '-> ../devices/vfio9',
  },
  [
    'remove pci/w: gone',
    'remove pci/x: gone',
    'remove pci/y: gone',
    'remove pci/z: gone',
    'create pci/a',
    'create pci/b',
    'create pci/c',
    'create pci/d',
  ],
);
test(
  'a link gives way to a directory that is wanted in its place',
  row,
  ['by-a/n/m'],
  { 'by-a': '/', 'by-a/n': '-> ../devices/vfio0' },
  ['remove by-a/n: unwanted', 'create by-a/n/m'],
);

test('what could not be read is kept, with all above it', (t) => {
  const tree = {
    entries: entries({ 'by-a': '/', 'by-a/b': '/' }),
    unreadable: new Map([['by-a/b', 'EACCES']]),
  };
  t.deepEqual(plan(new Map(), tree, new Set()), []);
});

test('a link is ours only by a relative target into devices from its own depth', (t) => {
  t.is(nodeOfTarget('pci/gpu', '../devices/vfio0'), 'vfio0');
  t.is(nodeOfTarget('by-a/b/c', '../../devices/vfio0'), 'vfio0');
  for (const target of [
    '/dev/vfio/devices/vfio0',
    '../../devices/vfio0',
    '../devices/',
    '../devices/.',
    '../devices/..',
    '../devices/a/b',
    'devices/vfio0',
    '../devicesX/vfio0',
    '',
  ])
    t.is(nodeOfTarget('pci/gpu', target), undefined, target);
});

test('temporary names are told by their beginning', (t) => {
  t.true(isTemporary('pci/.vfio-names-12-ab-1'));
  t.false(isTemporary('pci/vfio-names-12'));
});

test('the directories of buses, of families and of what is wanted are ours; those of the kernel and of others are not', (t) => {
  const managed = managedBy(['later/x']);
  for (const first of ['pci', 'mdev', 'fsl-mc', 'by-alias', 'by-anything', 'later'])
    t.true(managed(first), first);
  for (const first of ['devices', 'vfio', '14', 'noiommu-3', 'own']) t.false(managed(first), first);
});

import test from 'ava';
import type { Device } from '../../../src/devices/types.ts';
import type { Change } from '../../../src/links/plan.ts';
import { plan } from '../../../src/links/plan.ts';
import { isTemporary, type LinkEntry } from '../../../src/links/tree.ts';

const device: Device = {
  bus: 'pci',
  name: 'gpu',
  sysname: 'vfio0',
  devnum: '247:0',
  syspath: '/sys/devices/gpu',
};

/** `-> TARGET` is a link, `/` a directory, anything else a kind. */
function entries(tree: Readonly<Record<string, string>>): Map<string, LinkEntry> {
  return new Map(
    Object.entries(tree).map(([path, what]): [string, LinkEntry] => {
      if (what.startsWith('-> ')) return [path, { kind: 'symlink', target: what.slice(3) }];
      return [path, { kind: what === '/' ? 'directory' : (what as LinkEntry['kind']) }];
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
test('plan creates a missing link', row, ['pci/gpu'], {}, ['create pci/gpu']);
test('plan leaves a correct link alone', row, ['pci/gpu'], { ...pci, 'pci/gpu': '-> ../devices/vfio0' }, []);
test('plan replaces a link to another node', row, ['pci/gpu'], { ...pci, 'pci/gpu': '-> ../devices/vfio1' }, [
  'replace pci/gpu',
]);
test(
  'plan is blocked by a link to a target outside the nodes',
  row,
  ['pci/gpu'],
  { ...pci, 'pci/gpu': '-> /dev/null' },
  ['blocked pci/gpu: a link to /dev/null'],
);
test('plan is blocked by a file', row, ['pci/gpu'], { ...pci, 'pci/gpu': 'file' }, [
  'blocked pci/gpu: a file',
]);
test('plan is blocked by a socket', row, ['pci/gpu'], { ...pci, 'pci/gpu': 'other' }, [
  'blocked pci/gpu: a special file',
]);
test('plan is blocked by a block device', row, ['pci/gpu'], { ...pci, 'pci/gpu': 'block' }, [
  'blocked pci/gpu: a block device',
]);
test('plan is blocked by a character device', row, ['pci/gpu'], { ...pci, 'pci/gpu': 'char' }, [
  'blocked pci/gpu: a character device',
]);
test(
  'plan is blocked by a directory with unmanaged entries',
  row,
  ['pci/gpu'],
  { ...pci, 'pci/gpu': '/', 'pci/gpu/x': 'block' },
  ['blocked pci/gpu: a directory'],
);
test('plan is blocked by an empty directory', row, ['pci/gpu'], { ...pci, 'pci/gpu': '/' }, [
  'blocked pci/gpu: a directory',
]);
test(
  'plan removes a directory in place of a link after the links in it',
  row,
  ['pci/gpu'],
  { ...pci, 'pci/gpu': '/', 'pci/gpu/x': '-> ../../devices/vfio9' },
  ['remove pci/gpu/x: gone', 'remove-directory pci/gpu', 'create pci/gpu'],
);
test('plan keeps directories that were empty before', row, [], { 'by-a': '/', 'by-a/b': '/', pci: '/' }, []);
test(
  'plan removes links of ours in every directory, and links to anything else in none',
  row,
  [],
  {
    usb: '/',
    'usb/1-1': '-> ../devices/vfio9',
    own: '/',
    'own/dir': '/',
    'own/dir/x': '-> ../../devices/vfio9',
    'own/y': '-> ../devices/other',
    gpu: '-> devices/vfio9',
  },
  ['remove own/dir/x: gone', 'remove usb/1-1: gone', 'remove-directory usb', 'remove-directory own/dir'],
);
test('plan blocks all links of a bus whose directory is a file', row, ['pci/a', 'pci/b'], { pci: 'file' }, [
  'blocked pci/a: a file at pci',
  'blocked pci/b: a file at pci',
]);
test('plan blocks the links of a bus whose directory is a link', row, ['pci/a'], { pci: '-> /elsewhere' }, [
  'blocked pci/a: a link to /elsewhere',
]);
test(
  'plan removes the link of a device that is gone, with its directory',
  row,
  [],
  { ...pci, 'pci/x': '-> ../devices/vfio9' },
  ['remove pci/x: gone', 'remove-directory pci'],
);
test(
  'plan removes an unclaimed link of a device that exists',
  row,
  ['pci/gpu'],
  { ...pci, 'pci/gpu': '-> ../devices/vfio0', 'pci/x': '-> ../devices/vfio0' },
  ['remove pci/x: unclaimed'],
);
test(
  'plan removes a temporary name',
  row,
  ['pci/gpu'],
  { ...pci, 'pci/gpu': '-> ../devices/vfio0', 'pci/.vfio-names-1-2': '-> ../devices/vfio0' },
  ['remove pci/.vfio-names-1-2: temporary'],
);
test(
  'plan removes a temporary name only if it is a link to a node',
  row,
  [],
  { ...pci, 'pci/.vfio-names-1-2': 'file', 'pci/.vfio-names-3-4': '-> /dev/null' },
  [],
);
test('plan ignores a link that was created during the scan', row, [], { ...pci, 'pci/gpu': 'symlink' }, []);
test('plan keeps the directory of an unmanaged link', row, [], { ...pci, 'pci/x': '-> /dev/null' }, []);
test(
  'plan removes the deepest directories first',
  row,
  [],
  {
    ...{ 'by-a/b': '/', 'by-a': '/', 'by-c': '/', 'by-a/b/c': '/', 'by-b': '/' },
    ...{ 'by-a/b/c/x': '-> ../../../devices/vfio9', 'by-b/x': '-> ../devices/vfio9' },
    'by-c/x': '-> ../devices/vfio9',
  },
  [
    'remove by-a/b/c/x: gone',
    'remove by-b/x: gone',
    'remove by-c/x: gone',
    'remove-directory by-c',
    'remove-directory by-b',
    'remove-directory by-a/b/c',
    'remove-directory by-a/b',
    'remove-directory by-a',
  ],
);
test(
  'plan removes a directory whose name is a prefix of the name of a needed one',
  row,
  ['by-ab/x'],
  { 'by-ab': '/', 'by-a': '/', 'by-a/x': '-> ../devices/vfio9' },
  ['remove by-a/x: gone', 'remove-directory by-a', 'create by-ab/x'],
);
test(
  'plan puts removals first and sorts each kind of change by path',
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
  'plan removes a link where a directory is needed',
  row,
  ['by-a/n/m'],
  { 'by-a': '/', 'by-a/n': '-> ../devices/vfio0' },
  ['remove by-a/n: unclaimed', 'create by-a/n/m'],
);

const hidden = '.vfio-names-1-a~gpu';
test(
  'plan restores what a killed run moved to a hidden name, unless it is a link of ours',
  row,
  ['pci/other'],
  {
    ...pci,
    [`pci/${hidden}`]: 'file',
    '.vfio-names-1-a~at-top': '-> /dev/null',
    'pci/.vfio-names-1-a~x': '-> ../devices/vfio9',
  },
  ['restore pci/gpu', 'restore at-top', 'remove pci/.vfio-names-1-a~x: temporary', 'create pci/other'],
);
test(
  'plan restores beside an entry that has the name now, and leaves that entry alone',
  row,
  ['pci/gpu'],
  { ...pci, [`pci/${hidden}`]: 'file', 'pci/gpu': '-> ../devices/vfio0' },
  ['restore pci/gpu.displaced'],
);
test(
  'plan keeps the directory of what it restores',
  row,
  [],
  { ...pci, [`pci/${hidden}`]: 'file', 'pci/x': '-> ../devices/vfio9' },
  ['restore pci/gpu', 'remove pci/x: gone'],
);

test('plan says under which hidden name it found what it restores', (t) => {
  const tree = { entries: entries({ ...pci, [`pci/${hidden}`]: 'file' }), unreadable: new Map() };
  t.deepEqual(plan(new Map(), tree, new Set()), [{ action: 'restore', link: 'pci/gpu', hidden }]);
});

test('plan says of what blocks a link whether it is a link itself', (t) => {
  const blocked = (tree: Readonly<Record<string, string>>): Change[] =>
    plan(new Map([['pci/gpu', { device }]]), { entries: entries(tree), unreadable: new Map() }, new Set());
  t.like(blocked({ ...pci, 'pci/gpu': '-> /dev/null' })[0], { action: 'blocked', isLink: true });
  t.like(blocked({ ...pci, 'pci/gpu': 'file' })[0], { action: 'blocked', isLink: false });
});

test('plan keeps directories that could not be read, with their parents', (t) => {
  const tree = {
    entries: entries({ 'by-a': '/', 'by-a/b': '/' }),
    unreadable: new Map([['by-a/b', 'EACCES']]),
  };
  t.deepEqual(plan(new Map(), tree, new Set()), []);
});

test('isTemporary recognises temporary names by their prefix', (t) => {
  t.true(isTemporary('pci/.vfio-names-12-ab-1'));
  t.false(isTemporary('pci/vfio-names-12'));
});

test('plan removes any number of directories', (t) => {
  const tree = new Map<string, LinkEntry>([['by-x', { kind: 'directory' }]]);
  for (let number = 0; number < 200_000; number++) {
    tree.set(`by-x/${number}`, { kind: 'directory' });
    tree.set(`by-x/${number}/a`, { kind: 'symlink', target: '../../devices/vfio0' });
  }
  const changes = plan(new Map(), { entries: tree, unreadable: new Map() }, new Set());
  t.is(changes.filter(({ action }) => action === 'remove-directory').length, 200_001);
});

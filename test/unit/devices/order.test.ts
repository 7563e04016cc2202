import test from 'ava';
import fc from 'fast-check';
import {
  compareDevices,
  compareNatural,
  comparePaths,
  sortDevices,
  sortNatural,
  sortPaths,
} from '../../../src/devices/order.ts';

function sorted(...names: string[]): string[] {
  return names.sort(compareNatural);
}

test('compareNatural compares numbers inside names by value', (t) => {
  t.deepEqual(sorted('vfio10', 'vfio9', 'vfio1'), ['vfio1', 'vfio9', 'vfio10']);
  t.deepEqual(sorted('by-sriov/a/vf10', 'by-sriov/a/vf2'), ['by-sriov/a/vf2', 'by-sriov/a/vf10']);
});

test('compareNatural compares equal numbers by their zeros, and a prefix before what it begins', (t) => {
  t.deepEqual(sorted('a1b', 'a01', 'a001', 'a1', 'a', 'a01b'), ['a', 'a001', 'a01', 'a1', 'a01b', 'a1b']);
  t.deepEqual(sorted('10.5', 'a5', '9.10', 'a'), ['9.10', '10.5', 'a', 'a5']);
  t.deepEqual(sorted('a100', 'a20', 'a3'), ['a3', 'a20', 'a100']);
  t.deepEqual(sorted('1a', 'a1', 'b1', '1b'), ['1a', '1b', 'a1', 'b1']);
});

test('compareDevices compares PCI addresses as hexadecimal numbers, including long domains', (t) => {
  const names = ['10000:e1:00.0', '0000:0a:00.0', '0000:9f:00.0', '0000:09:00.1', '0000:10:00.0'];
  const devices = names.map((name) => ({ bus: 'pci', name })).sort(compareDevices);
  t.deepEqual(
    devices.map((device) => device.name),
    ['0000:09:00.1', '0000:0a:00.0', '0000:10:00.0', '0000:9f:00.0', '10000:e1:00.0'],
  );
});

test('compareDevices compares the bus before the name', (t) => {
  t.true(compareDevices({ bus: 'amba', name: 'z' }, { bus: 'pci', name: 'a' }) < 0);
  t.true(compareDevices({ bus: 'pci', name: 'a' }, { bus: 'amba', name: 'z' }) > 0);
});

test('sortDevices returns the devices in the order of compareDevices, also with names that are not addresses', (t) => {
  const at = (bus: string, name: string) => ({ bus, name });
  const devices = [
    at('platform', 'dma.10'),
    at('pci', '10000:e1:00.0'),
    at('platform', 'dma.9'),
    at('pci', '0000:0a:00.0'),
    at('amba', 'x'),
    at('pci', '0000:9f:00.0'),
  ];
  t.deepEqual(sortDevices(devices), [
    at('amba', 'x'),
    at('pci', '0000:0a:00.0'),
    at('pci', '0000:9f:00.0'),
    at('pci', '10000:e1:00.0'),
    at('platform', 'dma.9'),
    at('platform', 'dma.10'),
  ]);
});

const text = fc.string({ unit: fc.constantFrom('0', '1', '9', 'a', ':', '.', '-'), maxLength: 6 });

test('compareNatural is a total order: 0 only for equal texts, antisymmetric, transitive', (t) => {
  fc.assert(
    fc.property(text, text, text, (a, b, c) => {
      t.is(Math.sign(compareNatural(a, b)), -Math.sign(compareNatural(b, a)) + 0);
      t.is(compareNatural(a, b) === 0, a === b);
      if (compareNatural(a, b) <= 0 && compareNatural(b, c) <= 0) t.true(compareNatural(a, c) <= 0);
    }),
    { numRuns: 300 },
  );
});

const address = fc.constantFrom('0000:0a:00.0', '0000:09:00.7', '10000:01:00.0', 'ffffffff:ff:1f.7');
const serial = fc.constantFrom('9.serial', '10.serial');
const anyDevice = fc.oneof(
  fc.record({ bus: fc.constant('pci'), name: address }),
  fc.record({ bus: fc.constantFrom('amba', 'platform'), name: serial }),
);

test('comparePaths compares PCI addresses and host bridges in paths as hexadecimal numbers', (t) => {
  const paths = [
    '/sys/devices/pci0000:10/0000:10:00.0',
    '/sys/devices/pci0000:0a/0000:0a:01.0/0000:0b:00.0',
    '/sys/devices/pci0000:0a/0000:0a:01.0',
    '/sys/devices/pci0000:09/0000:09:1f.0',
    '/sys/devices/platform/dma.10',
    '/sys/devices/platform/dma.9',
    '/dev/vfio/pci/0000:0a:00.0',
    '/dev/vfio/pci/0000:01:00.0',
  ];
  t.deepEqual(paths.sort(comparePaths), [
    '/dev/vfio/pci/0000:01:00.0',
    '/dev/vfio/pci/0000:0a:00.0',
    '/sys/devices/pci0000:09/0000:09:1f.0',
    '/sys/devices/pci0000:0a/0000:0a:01.0',
    '/sys/devices/pci0000:0a/0000:0a:01.0/0000:0b:00.0',
    '/sys/devices/pci0000:10/0000:10:00.0',
    '/sys/devices/platform/dma.9',
    '/sys/devices/platform/dma.10',
  ]);
});

test('comparePaths puts an address before any other name, and a directory before what is in it', (t) => {
  const paths = ['a/0000', 'a/xpci0000:09', 'a/pci0000:09x', 'a/0000:10:00.0', 'a', 'a/pci0000:0a'];
  t.deepEqual(paths.sort(comparePaths), [
    'a',
    'a/pci0000:0a',
    'a/0000:10:00.0',
    'a/0000',
    'a/pci0000:09x',
    'a/xpci0000:09',
  ]);
});

const part = fc.constantFrom(
  '0000:0a:00.0',
  '0000:01:00.0',
  'pci0000:0a',
  '0000:09',
  '00x',
  'dma.9',
  'dma.10',
);
const path = fc.array(part, { maxLength: 3 }).map((parts) => parts.join('/'));

test('comparePaths is a total order: 0 only for equal paths, antisymmetric, transitive', (t) => {
  fc.assert(
    fc.property(path, path, path, (a, b, c) => {
      t.is(Math.sign(comparePaths(a, b)), -Math.sign(comparePaths(b, a)) + 0);
      t.is(comparePaths(a, b) === 0, a === b);
      if (comparePaths(a, b) <= 0 && comparePaths(b, c) <= 0) t.true(comparePaths(a, c) <= 0);
    }),
    { numRuns: 500 },
  );
});

test('compareDevices gives the same order whatever the order of the devices was', (t) => {
  const devices = fc.array(anyDevice, { maxLength: 8 });
  fc.assert(
    fc.property(
      devices.chain((list) =>
        fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
      ),
      ([list, shuffled]) => {
        t.deepEqual(shuffled.sort(compareDevices), list.sort(compareDevices));
      },
    ),
    { numRuns: 200 },
  );
});

const mixedDevice = fc.oneof(anyDevice, fc.record({ bus: fc.constantFrom('pci', 'mdev'), name: serial }));

test('compareDevices is transitive with addresses and other names on one bus', (t) => {
  const name = fc.constantFrom('0000:1a:00.0', '0000:10:00.0', '0000:5:x', '0000:9x', 'ffff:00:00.0', 'a');
  const device = name.map((found) => ({ bus: 'pci', name: found }));
  fc.assert(
    fc.property(device, device, device, (a, b, c) => {
      if (compareDevices(a, b) <= 0 && compareDevices(b, c) <= 0) t.true(compareDevices(a, c) <= 0);
    }),
    { numRuns: 500 },
  );
});

test('sortDevices sorts two entries of one device by the number of the node, in whatever order they were read', (t) => {
  for (const name of ['0000:01:00.0', 'dma.0']) {
    const entries = ['vfio10', 'vfio9', 'vfio11'].map((sysname) => ({ bus: 'pci', name, sysname }));
    const found = sortDevices(entries).map(({ sysname }) => sysname);
    t.deepEqual(found, ['vfio9', 'vfio10', 'vfio11']);
  }
});

test('sortDevices has the order of compareDevices, with equal names and other names among the addresses', (t) => {
  fc.assert(
    fc.property(fc.array(fc.oneof(anyDevice, mixedDevice), { maxLength: 8 }), (devices) => {
      const sorted = sortDevices(devices);
      t.deepEqual(sorted, [...devices].sort(compareDevices));
    }),
  );
});

test('sortDevices sorts addresses with domains of different lengths by value', (t) => {
  const names = ['10000:01:00.0', 'ffff:00:00.0', '0001:00:00.1', '0001:00:00.0'];
  t.deepEqual(
    sortDevices(names.map((name) => ({ bus: 'pci', name }))).map(({ name }) => name),
    ['0001:00:00.0', '0001:00:00.1', 'ffff:00:00.0', '10000:01:00.0'],
  );
});

const piece = fc.oneof(
  { weight: 3, arbitrary: text },
  fc.constantFrom(
    'pci0000:00',
    'pci00000000:00',
    'pci10000:e1',
    '0000:01:00.0',
    '00000000:01:00.0',
    '0000:0a:00.1',
  ),
  fc.string({ unit: fc.constantFrom('\u0001', ' ', '!', '0', '7', '10', 'b', '\ud800', 'é'), maxLength: 5 }),
);

test('sortNatural returns the texts in the order of compareNatural', (t) => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (texts) => {
      t.deepEqual(sortNatural(texts), [...texts].sort(compareNatural));
    }),
    { numRuns: 500 },
  );
});

test('sortPaths returns the items in the order of comparePaths, and those with one path as the comparison says', (t) => {
  const path = fc.array(piece, { maxLength: 4 }).map((parts) => parts.join('/'));
  const item = fc.record({ path, code: fc.nat(2) });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 8 }), (items) => {
      t.deepEqual(
        sortPaths(
          items,
          (found) => found.path,
          (a, b) => a.code - b.code,
        ),
        [...items].sort((a, b) => comparePaths(a.path, b.path) || a.code - b.code),
      );
    }),
    { numRuns: 500 },
  );
});

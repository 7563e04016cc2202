import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { isOwnFeaturesFile, nfdFeatures } from '../../../src/nfd/features.ts';
import { writeFeatures } from '../../../src/nfd/file.ts';
import { loadExchange } from '../../../src/system/node/libc.ts';
import { runCli } from '../../support/cli.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { hookedFiles } from '../../support/hooked-files.ts';
import { readAsNfd } from '../../support/nfd-reader.ts';
import { schemaErrors } from '../../support/schema.ts';

const past = '# +expiry-time=2002-07-28T11:22:33Z';

const reads = test.macro({
  exec(t, text: string, labels: Record<string, string>, rejected: readonly string[] = []) {
    const found = readAsNfd(text, new Date('2026-12-01T00:00:00Z'));
    t.deepEqual(found.labels, labels);
    t.deepEqual(found.rejected, rejected);
  },
  title: (_, text: string) =>
    `the reader after NFD's documentation reads ${JSON.stringify(text.slice(0, 70))}`,
});
// The examples of the customization guide, and what they leave out.
test(
  reads,
  `${past}\na.io/one=1\n\n# +expiry-time=2080-07-28T11:22:33Z\na.io/two=2\n# +expiry-time=2070-07-28T11:22:33Z\na.io/three=3\n${past}\na.io/four=4\n`,
  { 'a.io/two': '2', 'a.io/three': '3' },
);
test(reads, '# +expiry-time=2026-12-01T00:00:00Z\na.io/now=1\n', { 'a.io/now': '1' });
test(reads, '# +expiry-time=yesterday\na.io/x=1\n', { 'a.io/x': '1' }, [
  'directive # +expiry-time=yesterday',
]);
test(reads, ' # a comment\n a.io/flag \na.io/x=y=z\n', { 'a.io/flag': 'true' }, ['the value in a.io/x=y=z']);
test(reads, '# +no-label\na.io/x=1\na.io/y=2\n', { 'a.io/y': '2' });
test(reads, 'plain=1\n', { 'feature.node.kubernetes.io/plain': '1' });
test(reads, 'node.kubernetes.io/x=1\n', {}, ['the namespace in node.kubernetes.io/x=1']);
test(reads, 'a.io/x=1\na.io/x=2\n', { 'a.io/x': '2' }, ['a second value in a.io/x=2']);
test(reads, `a.io/${'x'.repeat(64)}=1\n`, {}, [`the name in a.io/${'x'.repeat(64)}=1`]);
test(reads, `${'x'.repeat(65536)}\n`, {}, ['a file of more than 64 kB']);

/** NFD accepts every line of the file, also long after it was written, and makes one label of each. */
function assertAccepted(t: ExecutionContext, text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => line !== '');
  for (const now of [new Date(0), new Date('9999-01-01T00:00:00Z')]) {
    const { labels, features, rejected } = readAsNfd(text, now);
    t.deepEqual(rejected, []);
    t.is(Object.keys(labels).length, lines.length, text);
    t.deepEqual(features, labels);
  }
  return readAsNfd(text).labels;
}

const evil = fc.constantFrom(
  ...[
    '',
    '/',
    'a=b',
    '\n',
    '-',
    '.count',
    '#',
    past,
    '# +no-label',
    `\n${past}\n`,
    'kubernetes.io/',
    '\u2028',
    'é',
  ],
  ...[
    'x'.repeat(63),
    '-'.repeat(80),
    '.'.repeat(300),
    'a\r\nb',
    ' ',
    '\u0000',
    '__proto__',
    'iommufd',
    'interface',
  ],
);
const anyText = fc.oneof(
  fc.string({ maxLength: 90, unit: 'binary' }),
  evil,
  fc.tuple(evil, evil).map(([a, b]) => a + b),
);

test('NFD makes one valid label of each line that nfdFeatures writes, for any bus, type, vendor and class', (t) => {
  const device = fc.record(
    { bus: anyText, mdevType: anyText, vendor: anyText, class: anyText },
    { requiredKeys: ['bus'] },
  );
  fc.assert(
    fc.property(fc.array(device, { maxLength: 5 }), fc.boolean(), (devices, iommufd) => {
      const text = nfdFeatures({ devices, iommufd, interface: iommufd ? 'cdev' : 'group' });
      const labels = assertAccepted(t, text);
      t.true(isOwnFeaturesFile(text));
      t.deepEqual(schemaErrors('nfd', { version: 1, features: labels }), []);
      // Each device is counted once below its bus, whatever the bus is called.
      const counts = Object.entries(labels).filter(([name]) => name.endsWith('.count'));
      t.true(counts.reduce((sum, [, count]) => sum + Number(count), 0) >= devices.length);
    }),
    { numRuns: 300 },
  );
});

test('nfdFeatures adds up what has the same label', (t) => {
  const devices = ['a b', 'a_b', 'a=b'].map((mdevType) => ({ bus: 'mdev', mdevType }));
  t.like(readAsNfd(nfdFeatures({ devices, iommufd: false, interface: undefined })).labels, {
    'vfio-names.dev/mdev-a_b.count': '3',
    'vfio-names.dev/mdev.count': '3',
  });
});

/** Adds mediated devices of these types. */
function addTypes(root: FakeRoot, types: readonly string[]): void {
  for (const [index, type] of types.entries()) {
    const name = `83b8f4f2-509f-382f-3c1e-${String(index).padStart(12, '0')}`;
    const { syspath } = root.add({ bus: 'mdev', name, sysname: `vfio${index}`, group: String(index) });
    root.linkTo(`${syspath}/mdev_type`, `/sys/devices/x/mdev_supported_types/${type}`);
  }
}

test('NFD accepts every line that nfd writes for a hostile tree, and counts every device', async (t) => {
  const root = fakeRoot(t);
  const types = [
    past,
    '# +no-label',
    'a=b',
    `x\n${past}\nvfio-names.dev/pci.count=99`,
    '-',
    `${'x'.repeat(200)}`,
    'é',
    '#',
  ];
  addTypes(root, types);
  root.add({
    name: '0000:01:00.0',
    sysname: 'vfio90',
    attributes: { vendor: past, class: 'kubernetes.io/' },
  });
  root.add({ name: '0000:02:00.0', sysname: 'vfio91', attributes: { vendor: '0x10de', class: '0x030000' } });
  const file = root.at('/features.d/vfio-names');
  fs.mkdirSync(root.at('/features.d'));
  const { status, err } = await runCli(['nfd', '--root', root.dir, '--output', file]);
  t.is(status, 0, err.join('\n'));
  const labels = assertAccepted(t, fs.readFileSync(file, 'utf8'));
  t.is(labels['vfio-names.dev/mdev.count'], String(types.length));
  t.is(labels['vfio-names.dev/pci.count'], '2');
  t.is(labels['vfio-names.dev/pci-0300_10de.count'], '1');
  t.deepEqual(fs.readdirSync(root.at('/features.d')), ['vfio-names']);
});

test('a reader of the directory sees the old or the new features at any time, and no other file', async (t) => {
  const root = fakeRoot(t);
  const file = root.at('/features.d/vfio-names');
  fs.mkdirSync(root.at('/features.d'));
  const [old, other] = ['vfio-names.dev/pci.count=1\n', 'vfio-names.dev/pci.count=2\n'] as const;
  fs.writeFileSync(file, old);
  let looks = 0;
  const look = (): void => {
    looks++;
    const visible = fs.readdirSync(root.at('/features.d')).filter((name) => !name.startsWith('.'));
    t.deepEqual(visible, ['vfio-names']);
    t.true([old, other].some((text) => text === fs.readFileSync(file, 'utf8')));
  };
  // Without renameat2(2) the file is missing for a moment.
  const exchange = await loadExchange();
  if (!exchange) {
    t.pass();
    return;
  }
  const files = hookedFiles(look, { ...fakeFiles, exchange });
  t.is(writeFeatures(files, file, other, 'token'), 'written');
  t.true(looks > 5);
  t.is(fs.readFileSync(file, 'utf8'), other);
});

test('nfd fails, and leaves the file as it is, if the features are more than NFD reads', async (t) => {
  const root = fakeRoot(t);
  const file = root.at('/features.d/vfio-names');
  const run = () => runCli(['nfd', '--root', root.dir, '--output', file]);
  fs.mkdirSync(root.at('/features.d'));
  root.add({ name: '0000:01:00.0', sysname: 'vfio5000' });
  t.is((await run()).status, 0);
  const before = fs.readFileSync(file, 'utf8');
  addTypes(
    root,
    Array.from({ length: 1000 }, (_, index) => `${'x'.repeat(40)}${index}`),
  );
  const { status, err } = await run();
  t.is(status, 1);
  t.regex(err.join(), /expected at most 65536 bytes of features, found \d+: the devices have too many/);
  t.is(fs.readFileSync(file, 'utf8'), before);
});

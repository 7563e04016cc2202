import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { isNfdOurs, nfdFeatures } from '../../src/integrations/nfd-features.ts';
import { type CliResult, runCli } from '../helpers/cli.ts';
import { type FakeRoot, fakeRoot } from '../helpers/fake-root.ts';
import { schemaErrors, validJson } from '../helpers/schema.ts';

/** As source/local/local.go reads a file of its own: lines, blanks cut off, the first `=`, a name with a slash as it is. */
function readAsNfd(text: string): Record<string, string> {
  const lines = text.split('\n').map((line) => line.trim());
  return Object.fromEntries(
    lines
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const at = line.indexOf('=');
        const [name, value] = at < 0 ? [line, 'true'] : [line.slice(0, at), line.slice(at + 1)];
        return [name.includes('/') ? name.replace(/^\//, '') : `the-file-${name}`, value];
      }),
  );
}

function machine(t: ExecutionContext): { root: FakeRoot; run: (...words: string[]) => Promise<CliResult> } {
  const root = fakeRoot(t);
  const gpu = { vendor: '0x10de', class: '0x030000' };
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', attributes: gpu });
  root.add({ name: '0000:01:00.1', sysname: 'vfio1', attributes: { vendor: '0x10de', class: '0x040300' } });
  root.add({ name: '0000:02:00.0', sysname: 'vfio2', attributes: gpu });
  const mdev = root.add({ bus: 'mdev', name: '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001', sysname: 'vfio3' });
  root.link(`${mdev.syspath}/mdev_type`, '/sys/devices/x/mdev_supported_types/nvidia-256');
  root.write('/sys/class/misc/iommu/dev', '10:125\n');
  return { root, run: (...words) => runCli(['nfd', '--root', root.dir, ...words]) };
}

test('the features are counts by bus, class and vendor, and type, and what there is to open', async (t) => {
  const { status, out, err } = await machine(t).run();
  t.is(status, 0);
  t.deepEqual(err, []);
  t.is(
    out,
    [
      'vfio-names.dev/interface=cdev',
      'vfio-names.dev/iommufd=true',
      'vfio-names.dev/mdev-nvidia-256.count=1',
      'vfio-names.dev/mdev.count=1',
      'vfio-names.dev/pci-0300_10de.count=2',
      'vfio-names.dev/pci-0403_10de.count=1',
      'vfio-names.dev/pci.count=3',
      '',
    ].join('\n'),
  );
});

test('without iommufd, or without nodes, the interface is that of the groups; without devices there is none', async (t) => {
  const { root, run } = machine(t);
  fs.rmSync(root.at('/sys/class/misc/iommu/dev'));
  t.like(readAsNfd((await run()).out), {
    'vfio-names.dev/iommufd': 'false',
    'vfio-names.dev/interface': 'group',
  });
  t.is((await runCli(['nfd', '--root', fakeRoot(t).dir])).out, 'vfio-names.dev/iommufd=false\n');
});

test('every feature is a label, whatever the kernel calls things, and is read back as it was meant', (t) => {
  const word = fc.oneof(
    fc.string({ maxLength: 90 }),
    fc.constantFrom('', '/', 'a=b', '\n', '-', '.count', '#'),
  );
  const device = fc.record({ bus: word, mdevType: word });
  fc.assert(
    fc.property(fc.array(device, { maxLength: 4 }), fc.boolean(), (devices, iommufd) => {
      const text = nfdFeatures({ devices, iommufd, interface: 'cdev' });
      const features = readAsNfd(text);
      t.deepEqual(schemaErrors('nfd', { version: 1, features }), [], text);
      t.is(Object.keys(features).length, text.split('\n').length - 1);
      t.true(isNfdOurs(text));
    }),
    { numRuns: 150 },
  );
});

test('a file is written whole, left alone while it is true, and never in place of another one', async (t) => {
  const { root, run } = machine(t);
  const file = root.at('/etc/features.d/vfio-names');
  t.regex((await run('--output', file)).out, /^written .*: 4 devices\n$/);
  t.is(fs.readFileSync(file, 'utf8'), (await run('--output', '-')).out);
  t.regex((await run('--output', file)).out, /^unchanged /);
  fs.rmSync(root.at('/sys/class/vfio-dev/vfio0'));
  t.regex((await run('--output', file)).out, /^written .*: 3 devices\n$/);
  t.deepEqual(fs.readdirSync(root.at('/etc/features.d')), ['vfio-names']);
  fs.writeFileSync(file, 'other=1\nvfio-names.dev/pci.count=2\n');
  const { status, err } = await run('--output', file);
  t.is(status, 1);
  t.regex(err.join(), /expected a features file of vfio-names or nothing at .*, found another file/);
  t.regex(fs.readFileSync(file, 'utf8'), /^other/);
});

test('--json has the features by their names, and what was done', async (t) => {
  const { root, run } = machine(t);
  const file = root.at('/etc/vfio-names');
  validJson(t, 'nfd', (await run('--json')).out);
  const document = validJson<{ done: string }>(t, 'nfd', (await run('--json', '--output', file)).out);
  t.is(document.done, 'written');
});

for (const path of ['/etc/.hidden', '/etc/', '..'])
  test(`nfd --output ${path} is refused, since nobody reads it`, async (t) => {
    const { status, err } = await machine(t).run('--output', path);
    t.is(status, 2);
    t.regex(err.join(), /expected --output to be a file whose name begins with no dot/);
  });

import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { isOwnFeaturesFile } from '../../../../src/nfd/features.ts';
import { type CliResult, runCli } from '../../../support/cli.ts';
import { type FakeRoot, fakeRoot } from '../../../support/fake-root.ts';
import { readAsNfd } from '../../../support/nfd-reader.ts';
import { validJson } from '../../../support/schema.ts';

function machine(t: ExecutionContext): { root: FakeRoot; run: (...args: string[]) => Promise<CliResult> } {
  const root = fakeRoot(t);
  const gpu = { vendor: '0x10de', class: '0x030000' };
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', attributes: gpu });
  root.add({ name: '0000:01:00.1', sysname: 'vfio1', attributes: { vendor: '0x10de', class: '0x040300' } });
  root.add({ name: '0000:02:00.0', sysname: 'vfio2', attributes: gpu });
  const mdev = root.add({ bus: 'mdev', name: '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001', sysname: 'vfio3' });
  root.linkTo(`${mdev.syspath}/mdev_type`, '/sys/devices/x/mdev_supported_types/nvidia-256');
  root.write('/sys/class/misc/iommu/dev', '10:125\n');
  return { root, run: (...args) => runCli(['nfd', '--root', root.dir, ...args]) };
}

test('nfd prints counts by bus, by class and vendor, and by mdev type, and the interface', async (t) => {
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

test('nfd prints the interface group without iommufd, and no interface without devices', async (t) => {
  const { root, run } = machine(t);
  fs.rmSync(root.at('/sys/class/misc/iommu/dev'));
  root.write('/sys/class/vfio/14/dev', '246:14\n');
  t.like(readAsNfd((await run()).out).labels, {
    'vfio-names.dev/iommufd': 'false',
    'vfio-names.dev/interface': 'group',
  });
  t.is((await runCli(['nfd', '--root', fakeRoot(t).dir])).out, 'vfio-names.dev/iommufd=false\n');
});

test('nfd --output leaves an empty file of another program as it is', async (t) => {
  const { root, run } = machine(t);
  root.write('/etc/empty', '');
  const { status, err } = await run('--output', root.at('/etc/empty'));
  t.is(status, 1);
  t.regex(err.join(), /expected a features file of vfio-names or nothing/);
  t.is(fs.readFileSync(root.at('/etc/empty'), 'utf8'), '');
  t.false(isOwnFeaturesFile('\n\n'));
});

test('nfd --output writes the file, keeps it while it is correct, and does not replace a file of another program', async (t) => {
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

test('nfd --json has the features by name and the change of the file', async (t) => {
  const { root, run } = machine(t);
  const file = root.at('/etc/vfio-names');
  validJson(t, 'nfd', (await run('--json')).out);
  const document = validJson<{ fileState: string }>(t, 'nfd', (await run('--json', '--output', file)).out);
  t.is(document.fileState, 'written');
});

for (const path of ['/etc/.hidden', '/etc/', '..'])
  test(`nfd rejects --output ${path}, because NFD does not read such a file`, async (t) => {
    const { status, err } = await machine(t).run('--output', path);
    t.is(status, 2);
    t.regex(err.join(), /expected --output to be a file whose name begins with no dot/);
  });

/** Files of a tree below --root that are not what they should be: one of them never stops the others. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { runCli } from '../../support/cli.ts';
import { type FakeRoot, fakeRoot } from '../../support/fake-root.ts';

function machine(t: ExecutionContext): FakeRoot {
  const root = fakeRoot(t);
  for (const number of [1, 2])
    root.add({
      name: `0000:0${number}:00.0`,
      sysname: `vfio${number}`,
      driver: 'vfio-pci',
      group: `1${number}`,
      attributes: { vendor: '0x10de', device: '0x2204', class: '0x030000', numa_node: '0', label: 'x' },
    });
  root.write(
    '/etc/vfio-names/a.toml',
    '[names]\nby-path = true\nby-serial = true\n[[access]]\ngroup = "kvm"\n',
  );
  root.write('/usr/share/hwdata/pci.ids', '10de  NVIDIA Corporation\n');
  root.write('/proc/1/comm', 'init\n');
  root.node('/dev/iommu', '10:125');
  root.write('/sys/class/misc/iommu/dev', '10:125\n');
  return root;
}

const one = '/sys/devices/pci0000:00/0000:01:00.0';
const paths = [
  ...['vendor', 'device', 'class', 'numa_node', 'label', 'config', 'sriov_numvfs', 'reset'].map(
    (name) => `${one}/${name}`,
  ),
  `${one}/vfio-dev/vfio1/dev`,
  `${one}/vfio-dev/vfio1/uevent`,
  '/etc/passwd',
  '/etc/group',
  '/etc/os-release',
  '/usr/share/hwdata/pci.ids',
  '/proc/devices',
  '/proc/cpuinfo',
  '/proc/config.gz',
  '/proc/net/unix',
  '/proc/sys/kernel/osrelease',
  '/proc/self/mounts',
  '/proc/1/comm',
  '/proc/1/status',
  '/proc/1/cgroup',
  '/sys/class/misc/iommu/dev',
  '/sys/class/misc/vfio/dev',
  '/sys/class/vfio/11/dev',
  '/sys/kernel/iommu_groups/11/name',
  '/run/udev/data/c247:1',
  '/sys/bus/pci/slots/1/address',
  '/sys/class/iommu/dmar0/x',
];

const kinds: Readonly<Record<string, (path: string) => void>> = {
  'a FIFO': (path) => execFileSync('mkfifo', [path]),
  'a directory': (path) => fs.mkdirSync(path),
  'a link to a device of the host': (path) => fs.symlinkSync('/dev/zero', path),
  'a link to itself': (path) => fs.symlinkSync(path.slice(path.lastIndexOf('/') + 1), path),
  'a file of two megabytes': (path) => fs.writeFileSync(path, 'x'.repeat(2 << 20)),
  'a file with NUL': (path) => fs.writeFileSync(path, 'a\0b\n'),
  'an empty file': (path) => fs.writeFileSync(path, ''),
};

const commands = [
  ['list', '-l'],
  ['show', '0000:02:00.0'],
  ['plan'],
  ['verify'],
  ['graph', '--all'],
  ['cdi'],
  ['nfd'],
  ['holders'],
  ['doctor'],
];

for (const [kind, make] of Object.entries(kinds))
  test.serial(`${kind} in place of any file stops no command and hides no other device`, async (t) => {
    const root = machine(t);
    for (const path of paths) {
      const file = root.at(path);
      fs.mkdirSync(dirname(file), { recursive: true });
      const before = fs.existsSync(file) ? fs.readFileSync(file) : undefined;
      fs.rmSync(file, { force: true });
      make(file);
      for (const args of commands) {
        const { out, err } = await runCli([...args, '--root', root.dir]);
        const shown = `${args.join(' ')} with ${path}: ${out}${err.join('\n')}`;
        t.true(out !== '' || err.length > 0 || args[0] === 'holders', shown);
        if (['list', 'show', 'graph', 'cdi'].includes(args[0] ?? '')) t.regex(out, /0000:02:00\.0/, shown);
      }
      fs.rmSync(file, { recursive: true });
      if (before) fs.writeFileSync(file, before);
    }
  });

/** The machines and the command lines on which both builds are compared, and the exceptions. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { cdiSpec, cdiText } from '../../../src/cdi/spec.ts';
import { buildSample } from '../../demo/sample.ts';
import type { FakeRoot } from '../../support/fake-root.ts';
import { samples } from '../../support/graph-samples.ts';
import type { Result } from '../../support/programs.ts';

export interface Machine {
  readonly title: string;
  readonly build: (root: FakeRoot) => void;
  /** ROOT stands for the directory of the machine. */
  readonly lines: readonly (readonly string[])[];
}

/** Where the builds differ on purpose. */
export const exceptions: readonly { readonly line: string; readonly native: Partial<Result> }[] = [
  {
    line: 'graph --format svg --root ROOT',
    native: {
      status: 5,
      out: '',
      err: 'vfio-names: expected a build that draws SVG, found the native program; draw with Graphviz: vfio-names graph --format dot | dot -Tsvg\n',
    },
  },
];

/** Commands that change nothing and need no name. */
const readers: readonly (readonly string[])[] = [
  [],
  ['list'],
  ['list', '--json'],
  ['list', '--format', 'json'],
  ['ls', '--long', '--tree'],
  ['list', '--columns', 'alias,name,device,ids,owner,numa,pf,slot', '--sort', 'driver,name', '--no-header'],
  ['list', '--bus', 'pci', '--driver', 'vfio-pci', '--state', 'ok,link-missing', '--group', '14'],
  ['status', '--columns', 'nam'],
  ['sync', '--dry-run'],
  ['plan'],
  ['plan', '--json'],
  ['verify'],
  ['verify', '--json'],
  ['holders'],
  ['holders', '--json'],
  ['doctor'],
  ['doctor', '--json'],
  ['graph'],
  ['graph', '--all'],
  ['graph', '--json'],
  ['graph', '--format', 'dot'],
  ['cdi'],
  ['cdi', '--json'],
  ['nfd'],
  ['nfd', '--json'],
  ['bind', '--dry-run'],
  ['bind', '--dry-run', '--json'],
  ['bind'],
  ['rules', 'render'],
  ['rules', 'render', '--bind'],
  ['rules', 'render', '--json'],
  ['rules', 'render', '--target', 'mdev'],
  ['rules', 'render', '--target', 'mdevd'],
  ['rules', 'check'],
  ['rules', 'check', '--json'],
  ['config', 'check'],
  ['config', 'check', '--json'],
  ['config', 'show'],
  ['config', 'show', '--json'],
  ['probe', '--all'],
  ['probe', '--all', '--json'],
].map((line) => [...line, '--root', 'ROOT']);

const writers: readonly (readonly string[])[] = [
  ['sync'],
  ['sync', '--json'],
  ['-v', 'sync'],
  ['sync', '--frob', '--json'],
  ['-q', 'sync'],
  ['rules', 'install'],
  ['rules', 'install', '--json'],
  ['rules', 'install', '--yes'],
  ['rules', 'uninstall'],
  ['cdi', '--output', 'ROOT/etc/vfio.json'],
  ['nfd', '--output', 'ROOT/etc/nfd'],
].map((line) => [...line, '--root', 'ROOT']);

function named(...names: readonly string[]): (readonly string[])[] {
  return names.flatMap((name) =>
    [
      ['resolve', name],
      ['-v', 'resolve', name],
      ['resolve', '--json', name],
      ['show', name],
      ['show', '--json', name],
      ['list', name],
      ['verify', name],
      ['holders', name],
      ['probe', name],
      ['probe', '--json', name],
    ].map((line) => [...line, '--root', 'ROOT']),
  );
}

const everything = [...readers, ...writers];

const policy = `
[names]
by-path = true
by-serial = true
by-tag = true

[names.by-alias]
gpu = { name = "0000:01:00.0" }

[[link]]
match = { driver = "vfio-*" }
name = "by-driver/{{driver}}-{{name}}"

[[access]]
match = { driver = "vfio-pci" }
group = "kvm"
mode = "0660"
`;

export const machines: readonly Machine[] = [
  {
    title: 'a machine without devices',
    build: () => {},
    lines: [
      ...everything,
      ...named('vfio0', '0000:01:00.0'),
      ['--version'],
      ['--help'],
      ['-h'],
      ['frob'],
      [''],
      ['list', '--frob'],
      ['list', '--root', 'ROOT/none'],
      ['rules', '--help'],
      ['version'],
      ['list', '-V'],
      ['help', 'sync'],
      ['help', 'rules'],
      ['help', 'frob'],
      ['who'],
      ['completion'],
      ['config', 'schema'],
      ['watch', '--interval', 'x'],
      ['watch', '--nfd', 'ROOT/.x'],
      ['watch', '--alive', '--metrics', 'ROOT/none'],
      ['watch', '--alive', '--json'],
      ['exec', 'vfio0'],
      ...[
        'list',
        'show',
        'resolve',
        'plan',
        'sync',
        'verify',
        'probe',
        'holders',
        'doctor',
        'bind',
        'watch',
        'exec',
      ].map((name) => [name, '--help']),
    ],
  },
  {
    title: 'the sample of the demo',
    build: (root) => void buildSample(root.dir),
    lines: [
      ...everything,
      ...named('vfio0', '01:00.0', '0000:01:00.1', 'platform', '/dev/vfio/14', '\u{1f600}'),
    ],
  },
  ...Object.entries(samples).map(
    ([title, build]): Machine => ({
      title: `the sample ${title}`,
      build,
      lines: [...readers, ['graph', '--format', 'svg', '--root', 'ROOT']],
    }),
  ),
  {
    title: 'a machine with rules for drivers',
    build: (root) => {
      const free = { driver_override: '(null)', class: '0x020000', vendor: '0x15b3', device: '0x101e' };
      root.add({ name: '0000:00:05.0', attributes: free });
      root.add({ name: '0000:00:06.0', driver: 'e1000e', attributes: { ...free, boot_vga: '1' } });
      root.add({ name: '0000:00:07.0', driver: 'vfio-pci', sysname: 'vfio0', attributes: free });
      root.add({ name: '0000:00:08.0', attributes: { ...free, class: '0x060400' } });
      root.write('/proc/sys/kernel/osrelease', '7.2.0\n');
      root.write(
        '/lib/modules/7.2.0/modules.alias',
        'alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n',
      );
      root.write('/sys/bus/pci/drivers_probe', '');
      root.write(
        '/etc/vfio-names/policy.toml',
        '[[bind]]\nmatch = { name = "0000:00:0*" }\n[[bind]]\nmatch = { name = "00:05.0", vendor = "15b3" }\ndriver = "auto"\n',
      );
    },
    lines: [
      ...everything,
      ['bind', '--installed', '--dry-run', '--root', 'ROOT'],
      ['bind', '--host-root', 'ROOT'],
      ['bind', '--json', '--host-root', 'ROOT'],
      ...named('00:05.0', '00:07.0'),
    ],
  },
  {
    title: 'a machine with a policy',
    build: (root) => {
      buildSample(root.dir);
      root.write('/etc/group', 'root:x:0:\nkvm:x:104:\n');
      root.write('/etc/vfio-names/policy.toml', policy);
    },
    lines: [...everything, ...named('gpu', 'vfio0')],
  },
  ...Object.entries({
    'a syntax error': '[names\n',
    'an unknown key': '[names]\nfrob = true\n',
    'text that is not UTF-8': Buffer.from('# \xff\n[names]\nby-tag = true\n', 'latin1'),
    'a wrong template': '[[link]]\nname = "{frob}"\n',
  }).map(
    ([title, text]): Machine => ({
      title: `a policy with ${title}`,
      build: (root) => {
        buildSample(root.dir);
        root.write('/etc/vfio-names/policy.toml', text);
      },
      lines: [
        ...writers,
        ['list', '--root', 'ROOT'],
        ['config', 'check', '--root', 'ROOT'],
        ['config', 'show', '--root', 'ROOT'],
      ],
    }),
  ),
  {
    title: 'a tree with files of other kinds than those of the kernel',
    build: (root) => {
      const directory = (number: number): string => `/sys/devices/pci0000:00/0000:0${number}:00.0`;
      const devOf = (number: number): string => `${directory(number)}/vfio-dev/vfio${number}/dev`;
      for (let number = 1; number <= 9; number++)
        root.add({ name: `0000:0${number}:00.0`, sysname: `vfio${number}`, driver: 'vfio-pci', group: '1' });
      const replace = (path: string): string => {
        fs.rmSync(root.at(path), { recursive: true });
        return root.at(path);
      };
      root.node(devOf(1), '1:5');
      execFileSync('mkfifo', [replace(devOf(2))]);
      root.linkWithTarget(devOf(3), `${'../'.repeat(20)}etc/os-release`);
      fs.mkdirSync(replace(devOf(4)));
      fs.writeFileSync(replace(`${directory(5)}/subsystem`), 'pci');
      root.linkWithTarget('/dev/vfio/devices/vfio6', 'vfio7');
      fs.mkdirSync(replace('/dev/vfio/devices/vfio8'));
      root.write('/sys/class/vfio-dev/vfio10', '');
      root.linkWithTarget('/sys/class/vfio-dev/vfio11', '../../devices/../../dev/vfio-dev/vfio11');
      root.linkWithTarget(
        '/sys/class/vfio-dev/vfio12',
        '../../devices/pci0000:00/0000:0c:00.0/vfio-dev/vfio12',
      );
      root.node('/dev/vfio/devices/vfio99', '1:3');
      root.write('/dev/vfio/pci/0000:07:00.0', '');
      root.linkWithTarget('/dev/vfio/pci/0000:09:00.0', '../devices/vfio1');
      root.linkWithTarget('/dev/vfio/by-path', '/dev');
    },
    lines: [...everything, ...named('0000:01:00.0', '0000:07:00.0', 'vfio6')],
  },
  {
    title:
      'a machine where all devices want one name, and some have two entries or a name that is not an address',
    build: (root) => {
      for (let number = 0; number < 40; number++) {
        const name =
          number % 10 === 7 ? `0000:${number}` : `0000:${String((number * 7) % 36).padStart(2, '0')}:00.0`;
        root.add({ name, sysname: `vfio${number}`, driver: 'vfio-pci' });
      }
      root.write(
        '/etc/vfio-names/policy.toml',
        '[[link]]\nname = "by-x/a"\n[[link]]\nname = "by-x/a/{{name}}"\n',
      );
    },
    lines: ['list', 'list --json', 'plan --json', 'verify', 'verify --json', 'sync', 'cdi --json'].map(
      (line) => [...line.split(' '), '--root', 'ROOT'],
    ),
  },
  ...[-1, 1].map((milliseconds) => ({
    title: `a machine whose CDI file is ${milliseconds < 0 ? 'older' : 'newer'} than a node by a millisecond`,
    build: (root: FakeRoot) => {
      root.add({ name: '0000:01:00.0', sysname: 'vfio0', driver: 'vfio-pci', group: '1' });
      root.node('/dev/iommu', '10:125');
      root.write('/sys/class/misc/iommu/dev', '10:125\n');
      const device = {
        name: '0000:01:00.0',
        nodes: ['/dev/vfio/devices/vfio0'],
        group: '1',
        numaNode: undefined,
      };
      root.write('/etc/vfio.json', cdiText(cdiSpec('vfio-names.dev/pci', 'cdev', [device], false)));
      // In the year 2099, so that the file is still older after the first of the programs has written it.
      for (const [path, offset] of [
        ['/dev/iommu', -1],
        ['/dev/vfio/devices/vfio0', 0],
        ['/etc/vfio.json', milliseconds],
      ] as const)
        fs.utimesSync(root.at(path), 4_100_000_000, 4_100_000_000 + offset / 1000);
    },
    lines: [['cdi', '--output', 'ROOT/etc/vfio.json', '--root', 'ROOT']],
  })),
  {
    title: 'a machine whose node is the null device',
    build: (root) => {
      root.add({ name: '0000:01:00.0', sysname: 'vfio0', devnum: '1:3', driver: 'vfio-pci', group: '1' });
      root.write('/etc/passwd', 'root:x:0:0::/:/bin/sh\nalice:x:1000:1000::/:/bin/sh\n');
      root.write('/etc/group', 'root:x:0:\n');
    },
    lines: [
      [
        'exec',
        '--host-root',
        'ROOT',
        'vfio0',
        '--',
        'sh',
        '-c',
        'echo {fd} "$VFIO_NAMES_FDS"; grep -E "^Sig(Pnd|Blk|Ign|Cgt)" /proc/self/status',
      ],
      ['exec', '--host-root', 'ROOT', 'vfio0', '--', 'sh', '-c', 'ls /proc/self/fd; exit 7'],
      [
        'exec',
        '--host-root',
        'ROOT',
        '--user',
        'alice',
        'vfio0',
        '--',
        'grep',
        '-E',
        'Uid|Gid|Groups|Cap',
        '/proc/self/status',
      ],
      ['exec', '--host-root', 'ROOT', '--iommu', 'vfio0', '--', 'true'],
      ['exec', '--host-root', 'ROOT', 'vfio0', '--', '/nonexistent'],
      ['exec', '--host-root', 'ROOT', 'vfio0', '--', '/etc/passwd'],
      ['exec', '--host-root', 'ROOT', '--json', 'vfio0', '--', '/nonexistent'],
      ['exec', '--host-root', 'ROOT', '--user', 'bob', 'vfio0', '--', 'true'],
      ['probe', '--host-root', 'ROOT', 'vfio0'],
      ['probe', '--host-root', 'ROOT', '--json', 'vfio0'],
      ['probe', '--host-root', 'ROOT', '--bind', '--yes', 'vfio0'],
      ['probe', '--host-root', 'ROOT', '--group', '--yes', 'vfio0'],
    ],
  },
  ...[false, true].map(
    (isOld): Machine => ({
      title: isOld ? 'groups on a kernel before 6.1' : 'groups on a kernel without nodes of devices',
      build: (root) => {
        const bound = { devnum: false, driver: 'vfio-pci' } as const;
        const attributes = { class: '0x020000', vendor: '0x8086', device: '0x10d3' };
        root.add({ ...bound, name: '0000:02:00.0', sysname: 'vfio0', group: '14', attributes });
        root.add({ name: '0000:02:00.1', driver: 'e1000e', group: '14', attributes });
        root.add({ name: '0000:01:00.0', group: '14', attributes: { class: '0x060400' } });
        root.add({ ...bound, name: '0000:03:00.0', sysname: 'vfio1', group: '3', attributes });
        root.addGroup('14');
        root.addGroup('noiommu-3');
        root.addGroup('99');
        if (isOld) root.withoutVfioClass();
        root.write('/etc/group', 'root:x:0:\nkvm:x:104:\n');
        root.write(
          '/etc/vfio-names/a.toml',
          '[names]\nby-path = true\n[names.by-alias]\nnic = { name = "03:00.0" }\n[[access]]\ngroup = "kvm"\n',
        );
        root.linkWithTarget('/dev/vfio/groups/pci/0000:09:00.0', '../../14');
        root.linkWithTarget('/dev/vfio/groups/note', '/etc/motd');
      },
      lines: [
        ...everything,
        ...named('0000:02:00.0', 'nic', '/dev/vfio/14'),
        ['verify', '--fix', '--root', 'ROOT'],
      ],
    }),
  ),
  {
    title: 'a machine whose group has the null device as its node',
    build: (root) => {
      const bound = { devnum: false, driver: 'vfio-pci', group: '14' } as const;
      root.add({ ...bound, name: '0000:01:00.0', sysname: 'vfio0' });
      root.add({ ...bound, name: '0000:01:00.1', sysname: 'vfio1' });
      root.add({ ...bound, name: '0000:02:00.0', sysname: 'vfio2', group: '15' });
      root.add({ name: '0000:02:00.1', driver: 'e1000e', group: '15' });
      root.addGroup('14', '1:3');
      root.addGroup('15', '1:5');
      root.write('/sys/class/misc/vfio/dev', '1:3\n');
      root.node('/dev/vfio/vfio', '1:3', 0o666);
      root.write('/etc/passwd', 'root:x:0:0::/:/bin/sh\nalice:x:1000:1000::/:/bin/sh\n');
      root.write('/etc/group', 'root:x:0:\n');
    },
    lines: [
      ...[
        '0000:01:00.0+group',
        'vfio0',
        '/dev/vfio/14',
        'group:14',
        'groups/pci/0000:01:00.1',
        'vfio2+group',
      ].flatMap((name) =>
        [
          ['resolve', name],
          ['resolve', '--interface', 'group', name],
          ['resolve', '--interface', 'auto', '--json', name],
          ['resolve', '--print', 'name', name],
          ['show', name],
          ['holders', name],
        ].map((line) => [...line, '--root', 'ROOT']),
      ),
      ...[
        ['--', 'sh', '-c', 'echo {groupfd} {containerfd} "$VFIO_NAMES_FDS"; ls /proc/self/fd'],
        ['--', 'echo', '{fd}'],
        ['--no-fds', '--', 'sh', '-c', 'echo "$VFIO_NAMES_FDS"; ls /proc/self/fd'],
        ['--no-fds', '--', 'echo', '{groupfd}'],
        ['--no-fds', '--user', 'alice', '--', 'true'],
        ['--user', 'alice', '--', 'id', '-u'],
        ['vfio2', '--', 'true'],
      ].map((line) => ['exec', '--host-root', 'ROOT', '--interface', 'group', 'vfio0+group', ...line]),
    ],
  },
];

/** A table of calls, run through the source and each build: output, status and links must be equal. */
import { mkdirSync, readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { vfioId } from '../../../src/vfio-id/vfio-id.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { type Result, runProgram } from '../../support/programs.ts';
import { programs } from '../../support/vfio-id-programs.ts';

interface Case {
  readonly title: string;
  readonly make?: (root: FakeRoot) => void;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly status?: number;
  readonly out?: string;
  readonly err?: string;
  readonly links?: Readonly<Record<string, string>>;
}

const [a, b] = ['0000:00:04.0', '0000:00:05.0'];
const pathOf = (name: string, sysname: string): string => `/devices/pci0000:00/${name}/vfio-dev/${sysname}`;
const defaultOutput = `ID_VFIO_BUS=pci
ID_VFIO_NAME=${a}
ID_VFIO_GROUP=7
ID_VFIO_GROUP_NODE=/dev/vfio/7
ID_VFIO_FUNCTION=0
ID_VFIO_PATH=pci0000_00-04.0
`;

function addOne(root: FakeRoot): void {
  root.add({ name: a, sysname: 'vfio0', group: '7', driver: 'vfio-pci' });
}

function addTwo(root: FakeRoot): void {
  addOne(root);
  root.add({ name: b, sysname: 'vfio1', group: '8', driver: 'vfio-pci' });
}

/** A PCI configuration space with a serial number. */
function config(): Uint8Array {
  const bytes = new Uint8Array(4096);
  const view = new DataView(bytes.buffer);
  view.setUint32(0x100, 0x0003 | (1 << 16), true);
  view.setUint32(0x104, 0xff123456, true);
  view.setUint32(0x108, 0xa0369fff, true);
  return bytes;
}

function addVf(root: FakeRoot): void {
  const parent = '/sys/devices/pci0000:00/0000:00:06.0';
  root.add({ parent, name: '0000:01:00.0', attributes: { sriov_offset: '1', sriov_stride: '1' } });
  root.add({ parent, name: '0000:01:00.2', sysname: 'vfio5', group: '20', driver: 'vfio-pci' });
  root.linkTo(`${parent}/0000:01:00.2/physfn`, `${parent}/0000:01:00.0`);
  root.linkTo(`${parent}/0000:01:00.0/virtfn1`, `${parent}/0000:01:00.2`);
  root.write(`${parent}/0000:01:00.2/config`, config());
  root.write('/sys/bus/pci/slots/6/address', '0000:01:00\n');
}

const vfPath = '/devices/pci0000:00/0000:00:06.0/0000:01:00.2/vfio-dev/vfio5';

const cases: readonly Case[] = [
  {
    title: 'export prints the default facts of a PCI device',
    make: addOne,
    argv: [pathOf(a, 'vfio0')],
    out: defaultOutput,
  },
  {
    title: 'export reads DEVPATH from the environment',
    make: addOne,
    env: { DEVPATH: pathOf(a, 'vfio0') },
    out: defaultOutput,
  },
  {
    title: 'export accepts a DEVPATH with /sys in front',
    make: addOne,
    argv: [`/sys${pathOf(a, 'vfio0')}`],
    out: defaultOutput,
  },
  {
    title: 'export prints every fact of a VF',
    make: addVf,
    argv: ['--export', vfPath],
    out: `ID_VFIO_BUS=pci
ID_VFIO_NAME=0000:01:00.2
ID_VFIO_GROUP=20
ID_VFIO_GROUP_NODE=/dev/vfio/20
ID_VFIO_FUNCTION=2
ID_VFIO_PF=0000:01:00.0
ID_VFIO_VF=1
ID_VFIO_PATH=pci0000_00-06.0-00.0-vf1
ID_VFIO_SLOT=6
ID_VFIO_SERIAL=a0-36-9f-ff-ff-12-34-56
`,
  },
  {
    title: 'export prints the facts of a mediated device',
    make: (root) => {
      root.add({ name: '0000:00:02.0' });
      const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';
      root.add({ bus: 'mdev', parent: '/sys/devices/pci0000:00/0000:00:02.0', name: uuid, sysname: 'vfio2' });
      root.linkTo(
        `/sys/devices/pci0000:00/0000:00:02.0/${uuid}/mdev_type`,
        '/sys/devices/pci0000:00/0000:00:02.0/mdev_supported_types/mtty-2',
      );
    },
    argv: [
      '--facts=bus,mdevType,mdevParent,function',
      '/devices/pci0000:00/0000:00:02.0/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001/vfio-dev/vfio2',
    ],
    out: 'ID_VFIO_BUS=mdev\nID_VFIO_MDEV_TYPE=mtty-2\nID_VFIO_MDEV_PARENT=0000:00:02.0\n',
  },
  {
    title: 'export --facts prints each requested fact once and ignores unknown names',
    make: addOne,
    argv: ['--facts=group,nonsense,constructor,group', pathOf(a, 'vfio0')],
    out: 'ID_VFIO_GROUP=7\n',
  },
  { title: 'export --facts= prints nothing', make: addOne, argv: ['--facts=', pathOf(a, 'vfio0')], out: '' },
  {
    title: 'export omits a label with characters above U+FFFF',
    make: (root) => {
      root.add({ name: a, sysname: 'vfio0', attributes: { vendor: '0x10de', device: '0x2204' } });
      root.write(
        '/usr/share/misc/pci.ids',
        `# ${'x'.repeat(9000)}\n10de  Société “N”\n\t2204  Größe 😀\n10df  Other\n`,
      );
    },
    argv: ['--facts', 'label,vendor', pathOf(a, 'vfio0')],
    // Characters above U+FFFF are omitted, since Node and QuickJS decode them differently.
    out: 'ID_VFIO_VENDOR=0x10de\n',
  },
  {
    title: 'export prints a label with non-ASCII letters',
    make: (root) => {
      root.add({ name: a, sysname: 'vfio0', attributes: { vendor: '0x10de', device: '0x2204' } });
      root.write('/usr/share/misc/pci.ids', '10de  Société "N"\n\t2204  Größe [x]\n');
    },
    argv: ['--facts', 'label', pathOf(a, 'vfio0')],
    out: 'ID_VFIO_LABEL=Société "N" Größe [x]\n',
  },
  {
    title: 'export --link prints the link of a rule',
    make: addVf,
    argv: ['--facts=', '--link', '1=by-sriov/{pf}/vf{vf|p3}', '--link=2=by-none/{mdevType}', vfPath],
    out: 'ID_VFIO_LINK_1=by-sriov/0000:01:00.0/vf001\n',
  },
  {
    title: 'export --link omits a link outside a directory of its own',
    make: addOne,
    argv: [
      '--facts=',
      '--link',
      '1=devices/{name}',
      '--link',
      '2=../{name}',
      '--link',
      '3={name}',
      pathOf(a, 'vfio0'),
    ],
    out: '',
  },
  {
    title: 'export --link rejects an invalid text',
    make: addOne,
    argv: ['--link', '1=by-x/{constructor}', pathOf(a, 'vfio0')],
    status: 1,
    err: 'vfio_id: expected a name as the rules write it after --link, found "by-x/{constructor}"\n',
  },
  {
    title: 'export --link names the first of several invalid texts, whatever their numbers are',
    make: addOne,
    argv: ['--link', '12=by-x/{a|z}', '--link', '3=by-x/{constructor}', pathOf(a, 'vfio0')],
    status: 1,
    err: 'vfio_id: expected a name as the rules write it after --link, found "by-x/{a|z}"\n',
  },
  {
    title: 'export --link rejects a link without a number',
    argv: ['--link', 'by-x/{name}', pathOf(a, 'vfio0')],
    status: 2,
    err: 'vfio_id: expected N=TEXT after --link; see vfio_id --help\n',
  },
  {
    title: 'export omits a value that would start another key',
    make: (root) => {
      addOne(root);
      root.linkWithTarget(`/sys/devices/pci0000:00/${a}/driver`, '../../bus/pci/drivers/x\nDEVLINKS=hack');
      root.linkWithTarget(`/sys/devices/pci0000:00/${a}/physfn`, '"quoted');
    },
    argv: ['--facts=driver,pf,group', pathOf(a, 'vfio0')],
    out: 'ID_VFIO_GROUP=7\n',
  },
  {
    title: 'export omits a value that is not valid UTF-8',
    make: (root) => {
      addOne(root);
      root.replaceLink(`/sys/devices/pci0000:00/${a}/driver`, '/sys/bus/pci/drivers/x');
      root.write(`/sys/devices/pci0000:00/${a}/vendor`, Buffer.from([0x30, 0x78, 0xed, 0xa0, 0x80, 0x0a]));
    },
    argv: ['--facts=driver,vendor', pathOf(a, 'vfio0')],
    out: 'ID_VFIO_DRIVER=x\n',
  },
  {
    title: 'export omits only the fact whose attribute is a directory',
    make: (root) => {
      addOne(root);
      mkdirSync(root.at(`/sys/devices/pci0000:00/${a}/vendor`));
    },
    argv: ['--facts=vendor,group', pathOf(a, 'vfio0')],
    out: 'ID_VFIO_GROUP=7\n',
  },
  {
    title: 'export fails if the device is gone',
    argv: [pathOf(a, 'vfio0')],
    status: 1,
    err: 'vfio_id: expected vfio0 in /sys/class/vfio-dev, found nothing; the device went away\n',
  },
  {
    title: 'export fails if the number belongs to another device',
    make: addOne,
    argv: [pathOf(b, 'vfio0')],
    status: 1,
    err: 'vfio_id: expected vfio0 to be the device of DEVPATH, found another; it was unbound and bound again\n',
  },
  {
    title: 'export rejects a DEVPATH that is not of a VFIO device',
    env: { DEVPATH: '/devices/virtual/misc/iommu\nX=Y' },
    status: 1,
    err: 'vfio_id: expected DEVPATH to be /devices/.../vfio-dev/vfioN; it names no VFIO device\n',
  },
  {
    title: 'export fails without DEVPATH',
    status: 2,
    err: 'vfio_id: expected a DEVPATH as argument or in the environment, found none; see vfio_id --help\n',
  },
  {
    title: 'export prints the target of a malformed class link escaped on one line',
    make: (root) => root.linkWithTarget('/sys/class/vfio-dev/vfio0', '../../devices/x\n\u001b[31m'),
    argv: [pathOf(a, 'vfio0')],
    status: 1,
    err: 'vfio_id: expected a link to ../../devices/.../vfio-dev/vfio0 at /sys/class/vfio-dev/vfio0, found ../../devices/x\\\\x0a\\\\x1b[31m\n',
  },
  {
    title: 'an unknown option is rejected',
    argv: ['--frobnicate=1\n2', pathOf(a, 'vfio0')],
    status: 2,
    err: 'vfio_id: expected an option, found "--frobnicate"; see vfio_id --help\n',
  },
  {
    title: 'a second DEVPATH is rejected',
    argv: ['/a', '/b"'],
    status: 2,
    err: 'vfio_id: expected one DEVPATH, found "/b\\\\"" too\n',
  },
  {
    title: 'link add creates the link of the scheme and the requested links',
    make: addVf,
    argv: ['link', 'add', '--link', '1=by-sriov/{pf}/vf{vf}', vfPath],
    links: {
      'pci/0000:01:00.2': '../devices/vfio5',
      'by-sriov/0000:01:00.0/vf1': '../../devices/vfio5',
    },
  },
  {
    title: 'link reads ACTION and DEVNAME of the kernel hotplug helper from the environment',
    make: addOne,
    argv: ['link'],
    env: { ACTION: 'add', DEVNAME: 'vfio/devices/vfio0', SUBSYSTEM: 'vfio-dev' },
    links: { [`pci/${a}`]: '../devices/vfio0' },
  },
  {
    title: 'link accepts the empty ACTION and MDEV of mdev -s',
    make: addOne,
    argv: ['link', ''],
    env: { MDEV: 'vfio/devices/vfio0', ACTION: '' },
    links: { [`pci/${a}`]: '../devices/vfio0' },
  },
  {
    title: 'link rejects the action __proto__',
    make: addOne,
    argv: ['link', '__proto__', pathOf(a, 'vfio0')],
    status: 2,
    err: 'vfio_id: expected link add or link remove, found "__proto__"\n',
  },
  {
    title: 'link remove rejects a node that is not vfioN',
    make: (root) => root.linkWithTarget('/dev/vfio/pci/x', '../devices/mine'),
    argv: ['link', 'remove', '/devices/mine'],
    status: 2,
    err: 'vfio_id: expected the path of a vfioN, found "/devices/mine"\n',
    links: { 'pci/x': '../devices/mine' },
  },
  {
    title: 'link add replaces a link to another device that has no claim',
    make: (root) => {
      addTwo(root);
      root.linkWithTarget(`/dev/vfio/pci/${a}`, '../devices/vfio1');
    },
    argv: ['link', 'add', pathOf(a, 'vfio0')],
    links: { [`pci/${a}`]: '../devices/vfio0' },
  },
  {
    title: 'link add leaves a link to a device with a better claim',
    make: (root) => {
      addTwo(root);
      root.linkWithTarget('/dev/vfio/by-one/gpu', '../devices/vfio0');
    },
    argv: ['link', 'add', '--link', '1=by-one/gpu', pathOf(b, 'vfio1')],
    links: { 'by-one/gpu': '../devices/vfio0', [`pci/${b}`]: '../devices/vfio1' },
  },
  {
    title: 'link add replaces a link to a device with a worse claim',
    make: (root) => {
      addTwo(root);
      root.linkWithTarget('/dev/vfio/by-one/gpu', '../devices/vfio1');
    },
    argv: ['link', 'add', '--link', '1=by-one/gpu', pathOf(a, 'vfio0')],
    links: { 'by-one/gpu': '../devices/vfio0', [`pci/${a}`]: '../devices/vfio0' },
  },
  {
    title: 'link add --link never replaces the scheme link of another device',
    make: (root) => {
      addTwo(root);
      root.linkWithTarget(`/dev/vfio/pci/${b}`, '../devices/vfio1');
    },
    argv: ['link', 'add', '--link', `1:9=pci/${b}`, pathOf(a, 'vfio0')],
    links: { [`pci/${a}`]: '../devices/vfio0', [`pci/${b}`]: '../devices/vfio1' },
  },
  {
    title: 'link add keeps and reports an unmanaged link',
    make: (root) => {
      addOne(root);
      root.linkWithTarget(`/dev/vfio/pci/${a}`, '/etc/passwd');
    },
    argv: ['link', 'add', pathOf(a, 'vfio0')],
    status: 1,
    err: `vfio_id: could not keep /dev/vfio/pci/${a}: something that vfio-names did not make is there\n`,
    links: { [`pci/${a}`]: '/etc/passwd' },
  },
  {
    title: 'link add keeps and reports a directory in place of a link',
    make: (root) => {
      addOne(root);
      root.linkWithTarget(`/dev/vfio/pci/${a}/x`, '../../devices/vfio9');
    },
    argv: ['link', 'add', pathOf(a, 'vfio0')],
    status: 1,
    err: `vfio_id: could not keep /dev/vfio/pci/${a}: something that vfio-names did not make is there\n`,
    links: { [`pci/${a}/x`]: '../../devices/vfio9' },
  },
  {
    title: 'link add does not follow a link in place of a directory',
    make: (root) => {
      addOne(root);
      mkdirSync(root.at('/tmp/elsewhere'), { recursive: true });
      root.linkWithTarget('/dev/vfio/pci', '../../tmp/elsewhere');
    },
    argv: ['link', 'add', pathOf(a, 'vfio0')],
    status: 1,
    err: `vfio_id: could not keep /dev/vfio/pci/${a}: ENOTDIR\n`,
    links: { pci: '../../tmp/elsewhere' },
  },
  {
    title: 'link remove removes every link of the device and empty directories',
    make: (root) => {
      root.linkWithTarget(`/dev/vfio/pci/${a}`, '../devices/vfio0');
      root.linkWithTarget(`/dev/vfio/pci/${b}`, '../devices/vfio1');
      root.linkWithTarget('/dev/vfio/by-sriov/x/vf1', '../../devices/vfio0');
      root.linkWithTarget('/dev/vfio/mine/gpu', '../devices/vfio0');
      root.linkWithTarget('/dev/vfio/mine/other', '../devices/other');
    },
    argv: ['link', 'remove', pathOf(a, 'vfio0')],
    links: { [`pci/${b}`]: '../devices/vfio1', 'mine/other': '../devices/other' },
  },
  {
    title: 'link remove keeps the links of a device that has the number now',
    make: (root) => {
      root.add({ name: b, sysname: 'vfio0' });
      root.linkWithTarget(`/dev/vfio/pci/${a}`, '../devices/vfio0');
      root.linkWithTarget(`/dev/vfio/pci/${b}`, '../devices/vfio0');
    },
    argv: ['link'],
    env: { ACTION: 'remove', DEVPATH: pathOf(a, 'vfio0') },
    links: { [`pci/${b}`]: '../devices/vfio0' },
  },
  {
    title: 'link add creates no link if the kernel has no device nodes',
    make: (root) => void root.add({ name: a, sysname: 'vfio0', devnum: false }),
    argv: ['link', 'add', pathOf(a, 'vfio0')],
    links: {},
  },
  {
    title: 'link add fails if class link and directory are link loops',
    make: (root) => {
      root.linkWithTarget('/sys/class/vfio-dev/vfio0', 'vfio0');
      root.linkWithTarget('/dev/vfio/pci', 'pci');
    },
    argv: ['link', 'add', pathOf(a, 'vfio0')],
    status: 1,
    err: 'vfio_id: expected a link to ../../devices/.../vfio-dev/vfio0 at /sys/class/vfio-dev/vfio0, found vfio0\n',
    links: { pci: 'pci' },
  },
];

const version = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version;

function assertCase(
  t: ExecutionContext,
  { make, argv = [], env = {}, status = 0, out = '', err = '', links = {} }: Case,
  run: (root: FakeRoot, argv: readonly string[], env: Readonly<Record<string, string>>) => Result,
): void {
  const root = fakeRoot(t);
  make?.(root);
  t.deepEqual(run(root, argv, env), { status, out, err });
  if (argv[0] === 'link') t.deepEqual(root.links(), links);
}

for (const row of cases) {
  test(`source: ${row.title}`, (t) =>
    assertCase(t, row, (root, argv, env) => {
      const machine = { files: fakeFiles, root: root.dir, version, token: '1' };
      const { status, out, err } = vfioId({ argv, env }, machine);
      return { status, out, err: err === '' ? '' : `${err}\n` };
    }));
  for (const program of programs)
    test(`${program.name}: ${row.title}`, (t) =>
      assertCase(t, row, (root, argv, env) => runProgram(program, [`--root=${root.dir}`, ...argv], env)));
}

for (const program of programs) {
  test(`${program.name}: --version prints the version`, (t) => {
    t.deepEqual(runProgram(program, ['--version']), {
      status: 0,
      out: `vfio_id ${version}\n`,
      err: '',
    });
  });
  test(`${program.name}: --help prints the usage`, (t) => {
    const { status, out } = runProgram(program, ['--help']);
    t.is(status, 0);
    t.regex(out, /^Usage: vfio_id /);
  });
}

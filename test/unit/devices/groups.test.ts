import test from 'ava';
import {
  boundMembers,
  deviceKey,
  devicesOfGroup,
  groupNodePath,
  groupsByMember,
  hasNoDeviceNodes,
  isNoIommuGroup,
  listGroupNodes,
  namedMembers,
  parseGroupNode,
  readGroupDevnum,
  readVfioGroup,
  scanGroups,
  tryGroupDevnum,
  type VfioGroup,
} from '../../../src/devices/groups.ts';
import { scanDevices } from '../../../src/devices/scan.ts';
import { VfioNamesError } from '../../../src/errors.ts';
import type { Files } from '../../../src/system/files.ts';
import { filesBelow } from '../../../src/system/files-below.ts';
import { errnoError } from '../../support/fake-proc.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';

/** Group 14: two functions on VFIO and its driver of the host, a bridge, and a device without a driver. */
function withGroup(root: FakeRoot): void {
  const base = { group: '14', attributes: { class: '0x020000' } };
  root.add({ ...base, name: '0000:02:00.1', sysname: 'vfio1', driver: 'vfio-pci', devnum: false });
  root.add({ ...base, name: '0000:02:00.0', sysname: 'vfio0', driver: 'vfio-pci', devnum: false });
  root.add({ ...base, name: '0000:02:00.2', driver: 'e1000e' });
  root.add({ ...base, name: '0000:02:00.3' });
  root.add({ ...base, name: '0000:01:00.0', driver: 'pcieport', attributes: { class: '0x060400' } });
  root.addGroup('14');
}

function onlyGroup(root: FakeRoot): VfioGroup {
  const [group] = scanGroups(fakeFiles, root.dir).groups;
  if (!group) throw new Error('expected a group');
  return group;
}

test('scanGroups returns the node, the device number and all members of a group in order', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  const { groups, problems } = scanGroups(filesBelow(fakeFiles, root.dir), root.dir);
  t.deepEqual(problems, []);
  const member = { bus: 'pci', bridge: false };
  const at = (name: string) => ({ ...member, name, syspath: `/sys/devices/pci0000:00/${name}` });
  t.deepEqual(groups, [
    {
      number: '14',
      node: '14',
      devnum: '243:14',
      members: [
        { ...at('0000:01:00.0'), driver: 'pcieport', sharing: 'compatible', bridge: true },
        { ...at('0000:02:00.0'), driver: 'vfio-pci', sharing: 'vfio' },
        { ...at('0000:02:00.1'), driver: 'vfio-pci', sharing: 'vfio' },
        { ...at('0000:02:00.2'), driver: 'e1000e', sharing: 'blocking' },
        { ...at('0000:02:00.3'), sharing: 'compatible' },
      ],
    },
  ]);
});

test('namedMembers leaves out bridges only, and boundMembers all that have no driver of VFIO', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  const group = onlyGroup(root);
  const names = (members: readonly { readonly name: string }[]) => members.map(({ name }) => name.slice(5));
  t.deepEqual(names(namedMembers(group)), ['02:00.0', '02:00.1', '02:00.2', '02:00.3']);
  t.deepEqual(names(boundMembers(group)), ['02:00.0', '02:00.1']);
  t.deepEqual(
    devicesOfGroup(group, scanDevices(fakeFiles, root.dir).devices).map(({ sysname }) => sysname),
    ['vfio0', 'vfio1'],
  );
  t.is(groupsByMember([group]).get('pci/0000:02:00.3'), group);
});

test('readVfioGroup returns undefined for a group without a node and for text that is not a group', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  root.add({ name: '0000:03:00.0', group: '15' });
  for (const node of ['15', 'noiommu-14', 'vfio', '..', '014', '99999999999'])
    t.is(readVfioGroup(fakeFiles, root.dir, node), undefined, node);
  t.is(readVfioGroup(fakeFiles, root.dir, '14')?.group.members.length, 5);
});

test('a group of a device without an IOMMU has the prefix noiommu- in its node', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:03:00.0', group: '3', sysname: 'vfio0', devnum: false, driver: 'vfio-pci' });
  root.addGroup('noiommu-3');
  const group = onlyGroup(root);
  t.is(group.number, '3');
  t.is(groupNodePath(group), '/dev/vfio/noiommu-3');
  t.true(isNoIommuGroup(group));
  t.false(isNoIommuGroup({ node: '3' }));
  t.deepEqual(parseGroupNode('noiommu-3'), { number: '3', noIommu: true });
});

test('every device of bus mdev with a driver is bound to VFIO, whatever the name of its driver', (t) => {
  const root = fakeRoot(t);
  const name = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';
  root.add({ bus: 'mdev', name, group: '20', driver: 'intel_vgpu_mdev' });
  root.addGroup('20');
  t.deepEqual(
    boundMembers(onlyGroup(root)).map((member) => member.name),
    [name],
  );
});

test('scanGroups returns nothing, and no problem, on a kernel without groups', (t) => {
  t.deepEqual(scanGroups(fakeFiles, fakeRoot(t).dir), { groups: [], problems: [], unreadableCount: 0 });
});

test('a node without a group in sysfs is a problem, and stays in the result without members', (t) => {
  const root = fakeRoot(t);
  root.addGroup('14');
  const { groups, problems, unreadableCount } = scanGroups(fakeFiles, root.dir);
  t.deepEqual(groups, [{ number: '14', node: '14', devnum: '243:14', members: [] }]);
  t.deepEqual(problems, [
    {
      file: '/sys/kernel/iommu_groups/14/devices',
      message:
        'could not read the members of the group: not found (ENOENT); no device gets a name for /dev/vfio/14',
    },
  ]);
  t.is(unreadableCount, 1);
});

test('a group that goes away before its members are read is left out, as one that went away', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  const files: Files = {
    ...fakeFiles,
    readdir: (path) => {
      if (path.endsWith('/iommu_groups/14/devices')) {
        root.removeGroup('14');
        throw errnoError('ENOENT');
      }
      return fakeFiles.readdir(path);
    },
  };
  t.deepEqual(scanGroups(files, root.dir), {
    groups: [],
    problems: [
      { file: '/sys/class/vfio/14', message: 'went away while it was read, ignoring', code: 'gone' },
    ],
    unreadableCount: 0,
  });
});

test('members that cannot be read are one problem, and the others stay', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  const files: Files = {
    ...fakeFiles,
    readlink: (path) => {
      if (/0000:02:00\.[02]\/subsystem$/.test(path)) throw errnoError('EACCES');
      return fakeFiles.readlink(path);
    },
  };
  const { groups, problems } = scanGroups(files, root.dir);
  t.deepEqual(
    groups[0]?.members.map(({ name }) => name),
    ['0000:01:00.0', '0000:02:00.1', '0000:02:00.3'],
  );
  t.deepEqual(
    problems.map(({ message }) => message),
    ['could not read 0000:02:00.0 and 1 more: permission denied (EACCES); they get no name for /dev/vfio/14'],
  );
});

test('a member that is removed during the scan is left out without a problem', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  root.linkWithTarget(
    '/sys/kernel/iommu_groups/14/devices/0000:02:00.9',
    '../../../../devices/pci0000:00/0000:02:00.9',
  );
  const { groups, problems } = scanGroups(fakeFiles, root.dir);
  t.is(groups[0]?.members.length, 5);
  t.deepEqual(problems, []);
});

test('a member that is not a link to a device of its name is a problem', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  const members = '/sys/kernel/iommu_groups/14/devices';
  root.linkWithTarget(`${members}/0000:02:00.9`, '../../../../devices/pci0000:00/0000:02:00.0');
  root.linkWithTarget(`${members}/passwd`, '/etc/passwd');
  const { groups, problems } = scanGroups(fakeFiles, root.dir);
  t.is(groups[0]?.members.length, 5);
  t.regex(
    problems[0]?.message ?? '',
    /^could not read 0000:02:00\.9 and 1 more: it is not a link to a device/,
  );
});

test('a malformed device number, a second node of a group and another name are problems, and the other groups stay', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  root.addGroup('3');
  root.addGroup('noiommu-14');
  root.write('/sys/devices/virtual/vfio/3/dev', 'none\n');
  root.write('/sys/class/vfio/\x1b[31m/dev', '');
  const { groups, problems, unreadableCount } = scanGroups(fakeFiles, root.dir);
  t.deepEqual(
    groups.map(({ node }) => node),
    ['14'],
  );
  t.is(unreadableCount, 3);
  t.deepEqual(problems.map(({ message }) => message).sort(), [
    'expected MAJOR:MINOR at /sys/class/vfio/3/dev, found none, ignoring',
    'expected one node of group 14, found another name, ignoring',
    'expected the number of a group, found another name, ignoring',
  ]);
});

for (const node of ['', 'vfio', '014', 'x14', '14x', 'noiommu-', 'xnoiommu-14', '12345678901'])
  test(`parseGroupNode rejects ${JSON.stringify(node)}`, (t) => {
    t.is(parseGroupNode(node), undefined);
  });

test('parseGroupNode reads every number of the kernel', (t) => {
  t.deepEqual(parseGroupNode('0'), { number: '0', noIommu: false });
  t.deepEqual(parseGroupNode('2147483647'), { number: '2147483647', noIommu: false });
});

test('deviceKey is the node of a device, or its bus and name on a kernel without nodes of devices', (t) => {
  const device = { bus: 'pci', name: '0000:01:00.0', syspath: '/sys/devices/x' };
  t.is(deviceKey({ ...device, sysname: 'vfio0' }), 'vfio0');
  t.is(deviceKey({ ...device, sysname: '' }), 'pci/0000:01:00.0');
});

test('devicesOfGroup leaves out the devices of other groups', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  root.add({ name: '0000:09:00.0', sysname: 'vfio9', driver: 'vfio-pci', devnum: false, group: '19' });
  const { devices } = scanDevices(fakeFiles, root.dir);
  t.is(devices.length, 3);
  t.deepEqual(
    devicesOfGroup(onlyGroup(root), devices).map(({ sysname }) => sysname),
    ['vfio0', 'vfio1'],
  );
});

test('listGroupNodes leaves out names that are not groups', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  root.write('/sys/class/vfio/vfio/dev', '');
  t.deepEqual(listGroupNodes(fakeFiles, root.dir), ['14']);
});

test('a kernel gives devices no nodes without vfio-dev, without iommufd, or without numbers for them', (t) => {
  const root = fakeRoot(t);
  t.true(hasNoDeviceNodes(fakeFiles, root.dir));
  root.write('/sys/class/misc/iommu/dev', '10:125\n');
  t.false(hasNoDeviceNodes(fakeFiles, root.dir));
  const blocks = 'Block devices:\n  7 loop\n';
  for (const [numbers, expected] of [
    [' 10 misc\n243 vfio\n', true],
    [' 10 misc\n243 vfio\n244 vfio-dev\n', false],
    ['244 vfio-dev\n', false],
    ['243 vfio-other\n', false],
    ['243 vfio\n244 vfio-device\n', true],
    ['243 vfio\nx244 vfio-dev\n', true],
    ['x243 vfio\n', false],
    ['', false],
  ] as const) {
    root.write('/proc/devices', `Character devices:\n${numbers}\n${blocks}`);
    t.is(hasNoDeviceNodes(fakeFiles, root.dir), expected, numbers);
  }
  const denied: Files = {
    ...fakeFiles,
    lstat: () => {
      throw errnoError('EACCES');
    },
  };
  t.true(hasNoDeviceNodes(denied, root.dir));
});

test('a device number in another form is an error with its path, and with what was found', (t) => {
  const root = fakeRoot(t);
  root.addGroup('3');
  for (const [text, found] of [
    ['none\n', 'none'],
    ['\n', 'nothing'],
    ['a\x1bb', 'a\\x1bb'],
  ] as const) {
    root.write('/sys/devices/virtual/vfio/3/dev', text);
    t.throws(() => readGroupDevnum(fakeFiles, root.dir, '3'), {
      instanceOf: VfioNamesError,
      code: 'malformed',
      message: `expected MAJOR:MINOR at /sys/class/vfio/3/dev, found ${found}`,
    });
    t.is(tryGroupDevnum(fakeFiles, root.dir, '3'), undefined);
  }
  t.is(readGroupDevnum(fakeFiles, root.dir, '../vfio/3'), undefined);
});

test('a group whose device number cannot be read because it goes away is not an error', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  for (const errno of ['ENOENT', 'ENODEV', 'ENOTDIR', 'EACCES'] as const) {
    const files: Files = {
      ...fakeFiles,
      read: () => {
        throw errnoError(errno);
      },
    };
    if (errno === 'EACCES') t.throws(() => readGroupDevnum(files, root.dir, '14'), { code: 'EACCES' });
    else t.is(readGroupDevnum(files, root.dir, '14'), undefined, errno);
    t.is(tryGroupDevnum(files, root.dir, '14'), undefined, errno);
  }
});

test('one member that cannot be read is a problem with its name', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  const files: Files = {
    ...fakeFiles,
    readlink: (path) => {
      if (/0000:02:00\.2\/subsystem$/.test(path)) throw errnoError('EACCES');
      return fakeFiles.readlink(path);
    },
  };
  t.deepEqual(scanGroups(files, root.dir).problems, [
    {
      file: '/sys/kernel/iommu_groups/14/devices',
      message: 'could not read 0000:02:00.2: permission denied (EACCES); it gets no name for /dev/vfio/14',
    },
  ]);
});

test('a directory of groups that cannot be read is a problem, and an error without errno is thrown', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  const failing = (error: Error): Files => ({
    ...fakeFiles,
    readdir: () => {
      throw error;
    },
  });
  const { groups, problems, unreadableCount } = scanGroups(failing(errnoError('EACCES')), root.dir);
  t.deepEqual([groups, unreadableCount], [[], 1]);
  t.deepEqual(
    problems.map(({ file, message }) => [file, message]),
    [['/sys/class/vfio', 'permission denied (EACCES), ignoring']],
  );
  t.throws(() => scanGroups(failing(new TypeError('defect')), root.dir), { message: 'defect' });
  const broken: Files = {
    ...fakeFiles,
    read: () => {
      throw new TypeError('defect');
    },
  };
  t.throws(() => scanGroups(broken, root.dir), { message: 'defect' });
});

test('scanGroups sorts by the numbers of the groups', (t) => {
  const root = fakeRoot(t);
  for (const node of ['10', '9', '100']) {
    root.add({ name: `0000:${node.padStart(2, '0').slice(-2)}:00.0`, group: node });
    root.addGroup(node);
  }
  t.deepEqual(
    scanGroups(fakeFiles, root.dir).groups.map(({ node }) => node),
    ['9', '10', '100'],
  );
});

test('a thousand members are read', (t) => {
  const root = fakeRoot(t);
  for (let index = 0; index < 1000; index++)
    root.add({ bus: 'fsl-mc', name: `dpio.${index}`, group: '7', parent: '/sys/devices/platform/mc' });
  root.addGroup('7');
  const [group] = scanGroups(fakeFiles, root.dir).groups;
  t.is(group?.members.length, 1000);
  t.is(group?.members[999]?.name, 'dpio.999');
});

import * as fs from 'node:fs';
import test from 'ava';
import type { Finding } from '../../../src/links/finding.ts';
import type { Machine } from '../../../src/links/observe.ts';
import { sync } from '../../../src/links/sync.ts';
import { verify } from '../../../src/links/verify.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { errnoError, hookedFiles } from '../../support/hooked-files.ts';

const link = '/dev/vfio/pci/0000:01:00.0';
const node = '/dev/vfio/devices/vfio0';

/** Two devices of one IOMMU group with correct links. */
function sample(root: FakeRoot): void {
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', group: '14' });
  root.add({ name: '0000:02:00.0', sysname: 'vfio1', group: '14' });
  sync({ files: fakeFiles, root: root.dir }, 'test');
}

/** Breaks something on the machine; may return parts that replace those of the machine. */
type Damage = (root: FakeRoot) => unknown;

const reports = test.macro({
  exec(t, expected: Finding, damage: Damage) {
    const root = fakeRoot(t);
    sample(root);
    const override = damage(root) as Partial<Machine> | undefined;
    t.deepEqual(verify({ files: fakeFiles, root: root.dir, ...override }).findings, [expected]);
  },
  title: (why: string | undefined, expected: Finding) =>
    `verify reports ${expected.code} with its remedy if ${why ?? ''}`,
});

const device = '0000:01:00.0';
const syncRemedy = 'vfio-names sync, or udevadm trigger --subsystem-match=vfio-dev --action=change';
const moveAway = 'look at it, and move it away; then vfio-names sync';
const nodeRemedy =
  'unbind and bind the device again, or mount devtmpfs on /dev (in a container: pass the node in)';
const fixable = true;
const notFixable = { fixable: false };

test('verify reports nothing if all links are correct', (t) => {
  const root = fakeRoot(t);
  sample(root);
  const { findings, observation } = verify({ files: fakeFiles, root: root.dir });
  t.deepEqual(findings, []);
  t.is(observation.scan.devices.length, 2);
});

test(
  'a link is missing',
  reports,
  {
    code: 'link-missing',
    file: link,
    bus: 'pci',
    name: device,
    message: 'expected a link to ../devices/vfio0, found nothing',
    remedy: syncRemedy,
    fixable,
  },
  (root) => fs.unlinkSync(root.at(link)),
);

test(
  'a link leads to a node that belongs to no device',
  reports,
  {
    code: 'link-dangling',
    file: link,
    bus: 'pci',
    name: device,
    message: 'expected a link to ../devices/vfio0, found one to ../devices/vfio9, which is no device',
    remedy: syncRemedy,
    fixable,
  },
  (root) => root.linkWithTarget(link, '../devices/vfio9'),
);

test(
  'a link leads to the node of another device',
  reports,
  {
    code: 'link-wrong',
    file: link,
    bus: 'pci',
    name: device,
    message:
      'expected a link to ../devices/vfio0, found one to ../devices/vfio1, the node of pci/0000:02:00.0',
    remedy: syncRemedy,
    fixable,
  },
  (root) => root.linkWithTarget(link, '../devices/vfio1'),
);

test(
  'a link leads out of /dev/vfio',
  reports,
  {
    code: 'link-unmanaged',
    file: link,
    bus: 'pci',
    name: device,
    message: 'expected a link to ../devices/vfio0, found a link to /dev/null, which vfio-names did not make',
    remedy: moveAway,
    ...notFixable,
  },
  (root) => root.linkWithTarget(link, '/dev/null'),
);

test(
  'a file is in place of a link',
  reports,
  {
    code: 'link-blocked',
    file: link,
    bus: 'pci',
    name: device,
    message: 'expected a link to ../devices/vfio0, found a file, which vfio-names did not make',
    remedy: moveAway,
    ...notFixable,
  },
  (root) => {
    fs.unlinkSync(root.at(link));
    root.write(link, '');
  },
);

test(
  'a directory with entries is in place of a link',
  reports,
  {
    code: 'link-blocked',
    file: link,
    bus: 'pci',
    name: device,
    message: 'expected a link to ../devices/vfio0, found a directory, which vfio-names did not make',
    remedy: moveAway,
    ...notFixable,
  },
  (root) => {
    fs.unlinkSync(root.at(link));
    root.write(`${link}/file`, '');
  },
);

test(
  'the device of a link is gone',
  reports,
  {
    code: 'link-orphaned',
    file: '/dev/vfio/pci/0000:09:00.0',
    message: 'found a link to ../devices/vfio9, whose device is gone',
    remedy: syncRemedy,
    fixable,
  },
  (root) => root.linkWithTarget('/dev/vfio/pci/0000:09:00.0', '../devices/vfio9'),
);

test(
  'a link leads to the node of another device that reuses the number',
  reports,
  {
    code: 'link-stale',
    file: '/dev/vfio/pci/0000:09:00.0',
    message: 'found a link to ../devices/vfio1, whose number belongs to pci/0000:02:00.0 now',
    remedy: syncRemedy,
    fixable,
  },
  (root) => root.linkWithTarget('/dev/vfio/pci/0000:09:00.0', '../devices/vfio1'),
);

test(
  'a link of a family is not wanted',
  reports,
  {
    code: 'link-unclaimed',
    file: '/dev/vfio/by-alias/old',
    message: 'found a link to the node of pci/0000:02:00.0, a name that no rule gives',
    remedy: syncRemedy,
    fixable,
  },
  (root) => root.linkWithTarget('/dev/vfio/by-alias/old', '../devices/vfio1'),
);

test(
  'a killed run left a temporary name',
  reports,
  {
    code: 'temporary-link',
    file: '/dev/vfio/pci/.vfio-names-1-a',
    message: 'found a temporary name that an interrupted run left',
    remedy: syncRemedy,
    fixable,
  },
  (root) => root.linkWithTarget('/dev/vfio/pci/.vfio-names-1-a', '../devices/vfio0'),
);

test(
  'a directory of links may not be read',
  reports,
  {
    code: 'directory-unreadable',
    file: '/dev/vfio/mdev',
    message: 'expected a directory of names, could not read it: permission denied (EACCES)',
    remedy: 'run it as root',
    ...notFixable,
  },
  (root) => {
    fs.mkdirSync(root.at('/dev/vfio/mdev'));
    return {
      files: hookedFiles(({ name, path }) => {
        if (name === 'openDir' && path.endsWith('/mdev')) throw errnoError('EACCES');
      }),
    };
  },
);

test(
  'two devices claim one link',
  reports,
  {
    code: 'name-conflict',
    file: '/dev/vfio/by-alias/gpu',
    bus: 'pci',
    name: '0000:02:00.0',
    message: '0000:02:00.0 also claims this name, but 0000:01:00.0 has it',
    remedy: 'give one of them another name or priority in the policy',
    ...notFixable,
  },
  (root) => {
    const policyNames = () => [{ path: 'by-alias/gpu', priority: 0 }];
    sync({ files: fakeFiles, root: root.dir, policyNames }, 'test');
    return { policyNames };
  },
);

test(
  'a device claims a link below another link',
  reports,
  {
    code: 'name-conflict',
    file: '/dev/vfio/by-alias/gpu/x',
    bus: 'pci',
    name: '0000:02:00.0',
    message: '0000:02:00.0 claims this name, which cannot exist beside by-alias/gpu of 0000:01:00.0',
    remedy: 'give one of them another name or priority in the policy',
    ...notFixable,
  },
  (root) => {
    const policyNames = ({ sysname }: { sysname: string }) => [
      { path: sysname === 'vfio0' ? 'by-alias/gpu' : 'by-alias/gpu/x', priority: 0 },
    ];
    sync({ files: fakeFiles, root: root.dir, policyNames }, 'test');
    return { policyNames };
  },
);

test(
  'no name can be made for a device',
  reports,
  {
    code: 'no-name',
    file: '/sys/devices/pci0000:00/ .. \\x0a',
    bus: 'platform',
    name: ' .. \n',
    message: 'no name can be made of the bus platform and the name  .. \\x0a',
    remedy: 'give it a name in the policy',
    ...notFixable,
  },
  (root) => {
    root.add({ bus: 'platform', name: ' .. \n', sysname: 'vfio5' });
  },
);

const missing: Finding = {
  code: 'node-missing',
  file: node,
  bus: 'pci',
  name: device,
  message: `expected the character device 247:0 at ${node}, found nothing`,
  remedy: nodeRemedy,
  ...notFixable,
};

test('a node and its link are missing', reports, missing, (root) => {
  fs.unlinkSync(root.at(node));
  fs.unlinkSync(root.at(link));
});

test('verify reports a link without its node as a separate finding, which sync fixes', (t) => {
  const root = fakeRoot(t);
  sample(root);
  fs.unlinkSync(root.at(node));
  const machine = { files: fakeFiles, root: root.dir };
  t.deepEqual(verify(machine).findings, [
    missing,
    {
      code: 'link-dangling',
      file: link,
      bus: 'pci',
      name: device,
      message: 'found a link to ../devices/vfio0, the node of pci/0000:01:00.0, which does not exist',
      remedy: syncRemedy,
      fixable,
    },
  ]);
  sync(machine, 'test');
  t.deepEqual(verify(machine).findings, [missing]);
});

test(
  'a node may not be read',
  reports,
  {
    code: 'node-unreadable',
    file: node,
    bus: 'pci',
    name: device,
    message: `expected the character device 247:0 at ${node}, could not examine it: permission denied (EACCES)`,
    remedy: 'run it as root',
    ...notFixable,
  },
  () => ({
    files: hookedFiles(({ name, path }) => {
      if (name === 'statNode' && path.endsWith('/vfio0')) throw errnoError('EACCES');
    }),
  }),
);

test(
  'a node is a directory',
  reports,
  {
    code: 'node-not-char',
    file: node,
    bus: 'pci',
    name: device,
    message: `expected the character device 247:0 at ${node}, found a directory`,
    remedy: `remove ${node}, then bind the device again`,
    ...notFixable,
  },
  (root) => {
    fs.unlinkSync(root.at(node));
    fs.mkdirSync(root.at(node));
  },
);

test(
  'a node has another device number',
  reports,
  {
    code: 'node-mismatch',
    file: node,
    bus: 'pci',
    name: device,
    message: `expected the character device 247:0 at ${node}, found the device 247:9`,
    remedy: nodeRemedy,
    ...notFixable,
  },
  (root) => root.node(node, '247:9'),
);

const unknown = {
  file: '/dev/vfio/devices/vfio9',
  remedy: 'remove it: it belongs to no device that the kernel has',
};

test(
  'a node belongs to a device that is not in sysfs',
  reports,
  {
    code: 'node-unknown',
    ...unknown,
    message: 'expected the node of a VFIO device, found the device 247:9, which sysfs does not know',
    ...notFixable,
  },
  (root) => root.node('/dev/vfio/devices/vfio9', '247:9'),
);

test(
  'a node belongs to a device of another kind',
  reports,
  {
    code: 'node-unknown',
    ...unknown,
    message:
      'expected the node of a VFIO device, found the device 1:3, which is ../../devices/virtual/mem/null',
    ...notFixable,
  },
  (root) => {
    root.node('/dev/vfio/devices/vfio9', '1:3');
    root.linkWithTarget('/sys/dev/char/1:3', '../../devices/virtual/mem/null');
  },
);

test(
  'an entry among the nodes is not a node',
  reports,
  {
    code: 'node-unknown',
    ...unknown,
    message: 'expected the node of a VFIO device, found a directory',
    ...notFixable,
  },
  (root) => fs.mkdirSync(root.at('/dev/vfio/devices/vfio9')),
);

test(
  'a device without a device number has a node',
  reports,
  {
    code: 'node-unknown',
    ...unknown,
    message: 'expected the node of a VFIO device, found the device 247:9, which sysfs does not know',
    ...notFixable,
  },
  (root) => {
    root.add({ name: '0000:09:00.0', sysname: 'vfio9', devnum: false });
    root.node('/dev/vfio/devices/vfio9', '247:9');
  },
);

test(
  'all users may open a node',
  reports,
  {
    code: 'node-permissions',
    file: node,
    bus: 'pci',
    name: device,
    message: 'expected a node that not everybody may open, found mode 0666',
    remedy: `chmod o-rwx ${node}, and look for the rule that set it`,
    ...notFixable,
  },
  (root) => fs.chmodSync(root.at(node), 0o666),
);

for (const file of ['/dev/vfio', '/dev/vfio/devices', '/dev/vfio/pci'])
  test(
    `all users may write ${file}`,
    reports,
    {
      code: 'directory-permissions',
      file,
      message: `expected a directory that only root may write, found owner ${process.getuid?.()} and mode 0777`,
      remedy: `chown root ${file}; chmod go-w ${file}`,
      ...notFixable,
    },
    (root) => fs.chmodSync(root.at(file), 0o777),
  );

test(
  'two devices of one IOMMU group have different owners',
  reports,
  {
    code: 'group-owners',
    file: '/dev/vfio/devices/vfio1',
    bus: 'pci',
    name: '0000:02:00.0',
    message: 'expected the owner of its IOMMU group 14, 0:0 as 0000:01:00.0, found 1000:0',
    remedy: 'give all devices of the group one owner: they are not isolated from each other',
    ...notFixable,
  },
  () => ({
    files: {
      ...fakeFiles,
      statNode: (path: string) => ({
        ...fakeFiles.statNode(path),
        uid: path.endsWith('/vfio1') ? 1000 : 0,
        gid: 0,
      }),
    },
  }),
);

test(
  'a device in sysfs is malformed',
  reports,
  {
    code: 'device-unreadable',
    file: '/sys/class/vfio-dev/vfio9',
    message: 'EINVAL, ignoring',
    remedy: 'run it again; if this stays, look at that directory',
    ...notFixable,
  },
  (root) => root.write('/sys/class/vfio-dev/vfio9', ''),
);

test('verify accepts different owners for devices of different groups', (t) => {
  const root = fakeRoot(t);
  sample(root);
  root.add({ name: '0000:03:00.0', sysname: 'vfio2', group: '15' });
  root.add({ name: '0000:04:00.0', sysname: 'vfio3' });
  sync({ files: fakeFiles, root: root.dir }, 'test');
  const files = {
    ...fakeFiles,
    statNode: (path: string) => ({ ...fakeFiles.statNode(path), uid: /vfio[23]$/.test(path) ? 1000 : 0 }),
  };
  t.deepEqual(verify({ files, root: root.dir }).findings, []);
});

test('verify drops a finding that the second scan does not confirm', (t) => {
  const root = fakeRoot(t);
  sample(root);
  fs.unlinkSync(root.at(link));
  let scans = 0;
  const files = hookedFiles(({ name, path }) => {
    if (name === 'readdir' && path.endsWith('/class/vfio-dev') && ++scans === 2)
      root.linkWithTarget(link, '../devices/vfio0');
  });
  t.deepEqual(verify({ files, root: root.dir }).findings, []);
  t.is(scans, 2);
});

test('verify returns only the findings of the given devices', (t) => {
  const root = fakeRoot(t);
  sample(root);
  fs.unlinkSync(root.at(link));
  fs.unlinkSync(root.at('/dev/vfio/pci/0000:02:00.0'));
  root.linkWithTarget('/dev/vfio/pci/0000:09:00.0', '../devices/vfio1');
  root.linkWithTarget('/dev/vfio/pci/0000:0a:00.0', '../devices/vfio9');
  const machine = { files: fakeFiles, root: root.dir };
  const { devices } = verify(machine).observation.scan;
  const codes = verify(machine, devices.slice(1)).findings.map(({ code, file }) => `${code} ${file}`);
  t.deepEqual(codes, ['link-missing /dev/vfio/pci/0000:02:00.0', 'link-stale /dev/vfio/pci/0000:09:00.0']);
});

test('verify sorts findings by path in natural order', (t) => {
  const root = fakeRoot(t);
  sample(root);
  for (const name of ['vfio10', 'vfio9']) root.node(`/dev/vfio/devices/${name}`, '9:9');
  t.deepEqual(
    verify({ files: fakeFiles, root: root.dir }).findings.map(({ file }) => file),
    ['/dev/vfio/devices/vfio9', '/dev/vfio/devices/vfio10'],
  );
});

test('verify rethrows an error that is not an errno', (t) => {
  const root = fakeRoot(t);
  sample(root);
  for (const call of ['statNode', 'lstat'])
    t.throws(
      () =>
        verify({
          root: root.dir,
          files: hookedFiles(({ name }) => {
            if (name === call) throw new TypeError('bug');
          }),
        }),
      { instanceOf: TypeError },
    );
});

import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { takeSnapshot } from '../../../src/doctor/gather.ts';
import { parseInterfaces, readDistribution, readKernel } from '../../../src/doctor/kernel.ts';
import { parseKernelConfig, readKernelConfig } from '../../../src/doctor/kernel-config.ts';
import { findWatcher, isWatchCommand, readMemoryLock } from '../../../src/doctor/processes.ts';
import { findUdevSocket, hasListener, isListening, readUdev, udevHasLink } from '../../../src/doctor/udev.ts';
import { defaultPolicy } from '../../../src/policy/policy.ts';
import { nodeFiles } from '../../../src/system/node/files.ts';
import { nodeSystem } from '../../../src/system/node/system.ts';
import { fakeRoot, fakeFiles as files } from '../../support/fake-root.ts';

test('parseKernelConfig returns n for every option that is not y or m', (t) => {
  const { option } = parseKernelConfig(
    'x',
    '# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_C=m\nCONFIG_D="y"\n#CONFIG_E=y\n',
  );
  t.deepEqual(['A', 'B', 'C', 'D', 'E', 'F'].map(option), ['n', 'y', 'm', 'n', 'n', 'n']);
});

test('readKernelConfig prefers /proc/config.gz to files of the release', (t) => {
  const root = fakeRoot(t);
  t.is(readKernelConfig(nodeSystem, root.dir, '6.12.1'), undefined);
  root.write('/boot/config-6.12.1', 'CONFIG_VFIO=m\n');
  t.is(readKernelConfig(nodeSystem, root.dir, '6.12.1')?.source, '/boot/config-6.12.1');
  t.is(readKernelConfig(nodeSystem, root.dir, '6.12.2'), undefined);
  t.is(readKernelConfig(nodeSystem, root.dir, undefined), undefined);
  root.write('/proc/config.gz', gzipSync('CONFIG_VFIO=y\n'));
  const config = readKernelConfig(nodeSystem, root.dir, '6.12.1');
  t.is(config?.source, '/proc/config.gz');
  t.is(config?.option('VFIO'), 'y');
});

test('readKernelConfig skips files that are not a kernel configuration', (t) => {
  const root = fakeRoot(t);
  root.write('/proc/config.gz', 'not gzip');
  root.write('/boot/config-1', '<html>');
  root.write('/lib/modules/1/config', 'CONFIG_VFIO=y\n');
  t.is(readKernelConfig(nodeSystem, root.dir, '1')?.source, '/lib/modules/1/config');
  t.is(readKernelConfig(nodeSystem, root.dir, '../1'), undefined, 'a release must not contain a slash');
});

test('readKernel returns unknown for all modules without any source', (t) => {
  t.deepEqual(readKernel(nodeSystem, fakeRoot(t).at('/empty')), {
    vfio: 'unknown',
    vfioPci: 'unknown',
    iommufd: 'unknown',
  });
});

test('readKernel: modules are present by sysfs, available by the module lists, and absent otherwise', (t) => {
  const root = fakeRoot(t);
  root.write('/proc/sys/kernel/osrelease', '6.12.1\n');
  root.write('/lib/modules/6.12.1/modules.builtin', 'kernel/drivers/iommu/iommufd/iommufd.ko\n');
  root.write(
    '/lib/modules/6.12.1/modules.dep',
    'kernel/drivers/vfio/pci/vfio-pci.ko.xz: kernel/drivers/vfio/vfio.ko.xz\n',
  );
  const states = () => {
    const { vfio, vfioPci, iommufd } = readKernel(nodeSystem, root.dir);
    return [vfio, vfioPci, iommufd];
  };
  // The fake machine has /sys/class/vfio-dev.
  t.deepEqual(states(), ['present', 'available', 'available']);
  root.write('/sys/bus/pci/drivers/vfio-pci/new_id', '');
  t.deepEqual(states(), ['present', 'present', 'available']);
  root.write('/lib/modules/6.12.1/modules.builtin', 'kernel/drivers/other.ko\n');
  t.deepEqual(states(), ['present', 'present', 'absent']);
});

test('readKernel finds a module behind the first megabyte of modules.dep', (t) => {
  const root = fakeRoot(t);
  root.write('/proc/sys/kernel/osrelease', '1\n');
  root.write('/lib/modules/1/modules.dep', `${'kernel/other.ko:\n'.repeat(70_000)}kernel/vfio-pci.ko:\n`);
  t.is(readKernel(nodeSystem, root.dir).vfioPci, 'available');
});

test('readKernel does not call a module absent if a module list cannot be read', (t) => {
  const root = fakeRoot(t);
  root.write('/proc/sys/kernel/osrelease', '1\n');
  root.write('/lib/modules/1/modules.builtin', 'kernel/other.ko\n');
  root.write('/lib/modules/1/modules.dep/in-the-way', '');
  t.is(readKernel(nodeSystem, root.dir).vfioPci, 'unknown');
});

test('readKernel falls back to the configuration without module lists', (t) => {
  const root = fakeRoot(t);
  root.write('/proc/config.gz', gzipSync('CONFIG_VFIO_PCI=m\n'));
  const { vfioPci, iommufd } = readKernel(nodeSystem, root.dir);
  t.deepEqual([vfioPci, iommufd], ['available', 'absent']);
});

test('parseInterfaces returns the kinds of node from /proc/devices', (t) => {
  const text = (...names: string[]) =>
    `Character devices:\n  1 mem\n${names.map((name) => `24${name}\n`).join('')}\nBlock devices:\n  8 vfio\n`;
  t.deepEqual(parseInterfaces(text('7 vfio-dev', '3 vfio')), { cdev: true, group: true });
  t.deepEqual(parseInterfaces(text('7 vfio-dev')), { cdev: true, group: false });
  t.deepEqual(parseInterfaces(text('3 vfio')), { cdev: false, group: true });
  t.is(parseInterfaces(text('3 vfio-other')), undefined, 'block devices are ignored');
  t.is(parseInterfaces(''), undefined);
});

test('readDistribution reads /etc/os-release, or else /usr/lib/os-release', (t) => {
  const root = fakeRoot(t);
  t.is(readDistribution(files, root.dir), undefined);
  root.write('/usr/lib/os-release', 'NAME=x\n');
  t.deepEqual(readDistribution(files, root.dir), { id: 'linux', like: [], name: 'linux' });
  root.write('/etc/os-release', 'PRETTY_NAME="Mint 23"\nID=linuxmint\nID_LIKE="ubuntu debian"\n');
  t.deepEqual(readDistribution(files, root.dir), {
    id: 'linuxmint',
    like: ['ubuntu', 'debian'],
    name: 'Mint 23',
  });
});

test('readUdev reports the rules file that udev uses, and a link to /dev/null as masked', (t) => {
  const root = fakeRoot(t);
  const udev = (expected?: string) => readUdev(files, root.dir, true, expected);
  t.deepEqual(readUdev(files, root.dir, false, ''), { running: false, rulesState: 'missing' });
  const text = readFileSync('rules/70-vfio-names.rules', 'utf8');
  const rulesPath = '/usr/lib/udev/rules.d/70-vfio-names.rules';
  root.write(rulesPath, text);
  t.deepEqual(udev(text), { running: true, rulesPath, rulesState: 'current' });
  t.deepEqual(udev(), { running: true, rulesPath, rulesState: 'current' }, 'nothing to compare it with');
  t.deepEqual(udev(`${text}#\n`), { running: true, rulesPath, rulesState: 'edited' });
  root.linkWithTarget('/etc/udev/rules.d/70-vfio-names.rules', '/dev/null');
  t.deepEqual(udev(text), {
    running: true,
    rulesPath: '/etc/udev/rules.d/70-vfio-names.rules',
    rulesState: 'masked',
  });
});

test('findUdevSocket follows a link to the varlink socket', (t) => {
  const root = fakeRoot(t);
  t.is(findUdevSocket(files, root.dir), '/run/udev/control');
  root.linkWithTarget('/run/udev/control', 'io.systemd.Udev');
  t.is(findUdevSocket(files, root.dir), '/run/udev/io.systemd.Udev');
  root.linkWithTarget('/run/udev/control', '/run/udev/io.systemd.Udev');
  t.is(findUdevSocket(files, root.dir), '/run/udev/io.systemd.Udev');
});

test('udevHasLink matches whole links in the udev database', (t) => {
  const root = fakeRoot(t);
  t.is(udevHasLink(files, root.dir, '247:0', 'vfio/pci/a'), undefined, 'no database');
  root.write('/run/udev/data/c247:1', 'S:vfio/pci/ab\nI:77\n');
  t.is(udevHasLink(files, root.dir, '247:0', 'vfio/pci/a'), false);
  t.is(udevHasLink(files, root.dir, '247:1', 'vfio/pci/a'), false);
  t.is(udevHasLink(files, root.dir, '247:1', 'vfio/pci/ab'), true);
});

test('hasListener requires the listening flag and the exact path', (t) => {
  const line = (flags: string, path: string) =>
    `000000003c79c08d: 00000002 00000000 ${flags} 0005 01  1174 ${path}\n`;
  const head = 'Num       RefCount Protocol Flags    Type St Inode Path\n';
  t.true(hasListener(head + line('00010000', '/run/udev/control'), '/run/udev/control'));
  t.false(hasListener(head + line('00000000', '/run/udev/control'), '/run/udev/control'));
  t.false(hasListener(head + line('00010000', '/run/udev/control2'), '/run/udev/control'));
  t.true(hasListener(line('00010000', '/run/a b'), '/run/a b'));
  t.false(hasListener('', '/run/udev/control'));
});

test('isWatchCommand recognizes the command line of vfio-names watch', (t) => {
  const isWatchArgs = (...args: string[]) => isWatchCommand(`${args.join('\0')}\0`);
  t.true(isWatchArgs('vfio-names', 'watch'));
  t.true(
    isWatchArgs(
      '/usr/bin/node',
      '--jitless',
      '/usr/share/vfio-names/vfio-names.cjs',
      '--json',
      'watch',
      '--quiet',
    ),
  );
  t.false(isWatchArgs('vfio-names', 'list'));
  t.false(isWatchArgs('vim', 'vfio-names', 'watch'), 'another program with these arguments');
  t.false(isWatchArgs('/bin/watch', 'vfio-names', 'list'));
  t.false(isWatchArgs('tail', '/var/log/watch'));
  t.false(isWatchCommand(''));
});

test('findWatcher returns the lowest pid of vfio-names watch that root runs', (t) => {
  const root = fakeRoot(t);
  t.is(findWatcher(files, root.dir), undefined);
  const command = 'node\0/usr/bin/vfio-names\0watch\0';
  const uids = { 8: '1000\t1000', 9: '1000\t0', 85: '0\t0', 900: '0\t0' };
  for (const [pid, ids] of Object.entries(uids)) {
    root.write(`/proc/${pid}/cmdline`, command);
    root.write(`/proc/${pid}/status`, `Name:\tnode\nUid:\t${ids}\t0\t0\n`);
  }
  root.write('/proc/7/cmdline', '');
  root.write('/proc/self/cmdline', 'vfio-names\0watch\0');
  t.is(findWatcher(files, root.dir), 85);
});

test('readMemoryLock returns the soft limit, and whether CAP_IPC_LOCK exempts from it', (t) => {
  const root = fakeRoot(t);
  t.is(readMemoryLock(files, root.dir), undefined);
  const limits = (soft: string) =>
    root.write(
      '/proc/self/limits',
      `Limit   Soft Limit\nMax locked memory         ${soft}              8388608              bytes     \n`,
    );
  limits('65536');
  t.deepEqual(readMemoryLock(files, root.dir), { softLimit: 65536, exempt: false });
  root.write('/proc/self/status', 'CapEff:\t0000000000004000\n');
  t.deepEqual(readMemoryLock(files, root.dir), { softLimit: 65536, exempt: true });
  root.write('/proc/self/uid_map', '         0          0 4294967295\n');
  t.deepEqual(readMemoryLock(files, root.dir), { softLimit: 65536, exempt: true });
  root.write('/proc/self/uid_map', '         0     100000      65536\n');
  t.deepEqual(
    readMemoryLock(files, root.dir),
    { softLimit: 65536, exempt: false },
    'root of a user namespace',
  );
  root.write('/proc/self/status', 'CapEff:\t000001ffffffbfff\n');
  limits('unlimited');
  t.deepEqual(readMemoryLock(files, root.dir), { softLimit: Number.POSITIVE_INFINITY, exempt: false });
});

const listenOn = (path: string): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer((client) => client.destroy());
    server.listen(path, () => resolve(server));
  });

test('canConnect returns true while a server listens, and false if only the socket file is left', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'vfio-names-socket-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'control');
  t.false(await nodeSystem.canConnect(path));
  const server = await listenOn(`${path}.new`);
  // close() unlinks the path that was passed to listen(); rename it so that the socket file stays.
  renameSync(`${path}.new`, path);
  t.true(await nodeSystem.canConnect(path));
  await new Promise((resolve) => server.close(resolve));
  t.is(nodeFiles.lstat(path).kind, 'socket');
  t.false(await nodeSystem.canConnect(path));
  t.false(await isListening(nodeFiles, nodeSystem.canConnect, directory, '/control'));
});

test('isListening returns true if /proc/net/unix lists the socket as listening', async (t) => {
  const table = '0: 00000002 00000000 00010000 0005 01 1 /run/udev/control\n';
  t.true(
    await isListening(
      { ...nodeFiles, read: () => table },
      t.fail as never,
      '/no/such/root',
      '/run/udev/control',
    ),
  );
});

test('doctor expects the link of a device on an unknown bus from udev only if vfio_id is installed', async (t) => {
  const root = fakeRoot(t);
  root.add({ bus: 'later', name: 'dev0', sysname: 'vfio0' });
  root.write('/run/udev/data/c247:0', 'I:1\n');
  const linked = async () => {
    const { devices } = await takeSnapshot(nodeSystem, { files, root: root.dir }, { policy: defaultPolicy });
    return devices.map(({ linkedByUdev }) => linkedByUdev);
  };
  t.deepEqual(await linked(), [undefined]);
  root.write('/usr/lib/udev/vfio_id', '');
  t.deepEqual(await linked(), [false]);
});

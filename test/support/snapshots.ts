/** Sample snapshots for the tests of doctor's checks. */
import { parseKernelConfig } from '../../src/doctor/kernel-config.ts';
import type { DeviceState, Snapshot } from '../../src/doctor/snapshot.ts';

/** A kernel configuration with options such as `VFIO=y`. */
export const config = (...options: readonly string[]) =>
  parseKernelConfig('/boot/config-x', options.map((option) => `CONFIG_${option}\n`).join(''));

/** A device with a node and a link. */
export const deviceState: DeviceState = {
  device: {
    bus: 'pci',
    name: '0000:00:04.0',
    sysname: 'vfio0',
    devnum: '247:0',
    syspath: '/sys/devices/pci0000:00/0000:00:04.0',
  },
  group: '3',
  siblings: [],
  holders: [],
  linkedByUdev: true,
};

/** The same device on a kernel without device nodes. */
export const withoutNode: DeviceState = {
  device: {
    bus: 'pci',
    name: '0000:00:04.0',
    sysname: 'vfio0',
    syspath: '/sys/devices/pci0000:00/0000:00:04.0',
  },
  group: '3',
  siblings: [],
  holders: [],
};

/** The status of a node of root. */
export const charNode = (mode: number, gid = 0) =>
  ({ kind: 'char', mode, uid: 0, gid, devnum: '247:0', inode: 1, modified: 0 }) as const;

/** A machine without problems. */
export const healthy: Snapshot = {
  kernel: {
    release: '7.2.13',
    config: config('VFIO=y', 'VFIO_DEVICE_CDEV=y', 'VFIO_GROUP=y', 'IOMMUFD=y'),
    vfio: 'present',
    vfioPci: 'present',
    iommufd: 'present',
    interfaces: { cdev: true, group: true },
  },
  distribution: { id: 'fedora', like: [], name: 'Fedora Linux 44' },
  processor: 'intel',
  groupCount: 24,
  iommu: { kind: 'char', mode: 0o660, uid: 0, gid: 0, devnum: '10:125', inode: 1, modified: 0 },
  devices: [deviceState],
  problems: [],
  udev: { running: true, rulesPath: '/usr/lib/udev/rules.d/70-vfio-names.rules', rulesState: 'current' },
  drivers: { hasRules: false, missing: [], used: [], counts: new Map([['other', 1]]) },
  verifyFindings: 0,
  fixableFindings: 0,
  classless: [],
  groupNames: true,
  access: {
    nodes: [{ kind: 'device', path: '/dev/vfio/devices/vfio0', status: charNode(0o600) }],
    user: { uid: 0, gids: [0], overridesMode: true },
  },
  policyNotes: [],
  incomplete: [],
  memoryLock: { softLimit: 8 << 20, exempt: true },
};

/** A machine without VFIO. */
export const bare: Snapshot = {
  kernel: { release: '6.12.1', vfio: 'unknown', vfioPci: 'unknown', iommufd: 'unknown' },
  groupCount: 0,
  iommu: 'ENOENT',
  devices: [],
  problems: [],
  udev: { running: false, rulesState: 'missing' },
  drivers: { hasRules: false, missing: [], used: [], counts: new Map() },
  verifyFindings: 0,
  fixableFindings: 0,
  classless: [],
  groupNames: true,
  access: { nodes: [] },
  policyNotes: [],
  incomplete: [],
};

/** Checks what the kernel must provide: release, IOMMU, vfio, device nodes, /dev/iommu. */

import { printable } from '../text/printable.ts';
import { formatMode } from '../text/prose.ts';
import { type CheckResult, error, ok, warning } from './result.ts';
import type { Snapshot } from './snapshot.ts';

/** Checks that the kernel is Linux 6.6 or later, the first with device nodes; before, groups have names. */
export function checkKernel({ kernel, distribution, groupNames }: Snapshot): CheckResult {
  const where = distribution ? ` (${printable(distribution.name)})` : '';
  if (kernel.release === undefined)
    return warning('kernel', `the kernel's release cannot be read${where}`, 'mount proc on /proc');
  const name = `Linux ${printable(kernel.release)}${where}`;
  const [major = 0, minor = 0] = kernel.release.split('.').map((part) => Number.parseInt(part, 10));
  if (major > 6 || (major === 6 && minor >= 6)) return ok('kernel', name);
  const message = `${name}: devices have nodes of their own since Linux 6.6`;
  return groupNames
    ? ok('kernel', `${message}, groups in every version`)
    : warning('kernel', message, 'use a newer kernel');
}

/** How to enable the IOMMU, by vendor of the processor. */
const enableIommu = {
  intel: 'switch VT-d on in the firmware and boot with intel_iommu=on',
  amd: 'switch AMD-Vi on in the firmware',
  other: 'switch it on in the firmware',
} as const;

/** Checks that IOMMU groups exist. */
export function checkIommu({ groupCount, processor, devices }: Snapshot): CheckResult {
  if (groupCount > 0) return ok('iommu', `on, ${groupCount} ${groupCount === 1 ? 'group' : 'groups'}`);
  const open = devices.some(({ noIommu }) => noIommu) ? ': devices are used without isolation' : '';
  const remedy = `${enableIommu[processor ?? 'other']}; in a virtual machine, give that a virtual IOMMU`;
  return warning('iommu', `no IOMMU group exists${open}`, remedy);
}

/** Checks that the modules vfio and vfio-pci are loaded. */
export function checkVfio({ kernel, devices, classless }: Snapshot): CheckResult {
  if (devices.length > 0 || classless.length > 0) return ok('vfio', 'loaded');
  if (kernel.vfio === 'present' && kernel.vfioPci === 'present') return ok('vfio', 'loaded, vfio-pci too');
  if (kernel.vfio === 'absent')
    return warning(
      'vfio',
      'this kernel is built without vfio',
      'use a kernel with CONFIG_VFIO and CONFIG_VFIO_PCI',
    );
  if (kernel.vfio === 'unknown')
    return warning(
      'vfio',
      'not loaded, and it is not known whether this kernel has it',
      'try modprobe vfio-pci',
    );
  const loadState = kernel.vfio === 'present' ? 'loaded, but vfio-pci is not' : 'not loaded';
  if (kernel.vfioPci === 'absent')
    return warning(
      'vfio',
      `${loadState}; this kernel is built without vfio-pci`,
      'use a kernel with CONFIG_VFIO_PCI',
    );
  return warning('vfio', loadState, 'modprobe vfio-pci (PCI devices; others have modules of their own)');
}

/**
 * Whether this kernel supports device nodes (cdevs), from existing nodes, /proc/devices or the kernel
 * configuration, in this order. `undefined` if none of them is conclusive.
 */
function hasCdev({ kernel, devices, classless }: Snapshot): boolean | undefined {
  // Device nodes are newer than the class vfio-dev.
  if (classless.length > 0) return false;
  if (devices.some(({ device }) => device.devnum !== undefined)) return true;
  if (kernel.interfaces) return kernel.interfaces.cdev;
  // A no-IOMMU device never has a device node, so it does not show whether the kernel supports them.
  if (devices.some(({ noIommu }) => !noIommu)) return false;
  return kernel.config && kernel.config.option('VFIO_DEVICE_CDEV') === 'y';
}

/** Checks that the kernel provides device nodes. */
export function checkCdev(snapshot: Snapshot): CheckResult {
  const { kernel, devices } = snapshot;
  const cdev = hasCdev(snapshot);
  if (cdev === undefined)
    return warning(
      'cdev',
      'it is not known whether this kernel creates nodes of devices',
      'run this again when a device is bound to a VFIO driver',
    );
  const source = kernel.config ? `, says ${kernel.config.source}` : '';
  if (cdev) {
    const hasGroup =
      kernel.interfaces?.group ??
      kernel.hasGroupNode ??
      (kernel.config && kernel.config.option('VFIO_GROUP') === 'y');
    const groups =
      hasGroup === undefined
        ? ''
        : hasGroup
          ? ', and each group has one (/dev/vfio/GROUP)'
          : '; there are none of groups';
    return ok('cdev', `each device has its own node (/dev/vfio/devices)${groups}`);
  }
  const missing = kernel.config?.option('IOMMUFD') === 'n' ? 'CONFIG_IOMMUFD' : 'CONFIG_VFIO_DEVICE_CDEV';
  const reason =
    snapshot.classless.length > 0
      ? 'Linux before 6.1 has no class vfio-dev'
      : `${missing} is off${source}${distributionNote(snapshot)}`;
  const message = `this kernel does not create nodes of devices: ${reason}`;
  if (kernel.interfaces?.group === false) {
    const remedy = 'use a kernel with CONFIG_IOMMUFD and CONFIG_VFIO_DEVICE_CDEV, or with CONFIG_VFIO_GROUP';
    return devices.length > 0 ? error('cdev', message, remedy) : warning('cdev', message, remedy);
  }
  return snapshot.groupNames
    ? ok('cdev', `names of groups; per-device names need a kernel with CONFIG_VFIO_DEVICE_CDEV (${reason})`)
    : warning(
        'cdev',
        `${message}; and the policy gives groups no names`,
        'remove groups = false from [names], or use a kernel with CONFIG_IOMMUFD and CONFIG_VFIO_DEVICE_CDEV',
      );
}

/**
 * A note if the kernel is one of Debian's, which are built without IOMMUFD up to 7.2. The release is checked
 * because Debian can also boot other kernels.
 */
function distributionNote({ kernel, distribution }: Snapshot): string {
  const debian = distribution?.id === 'debian' || distribution?.like.includes('debian');
  const debianRelease =
    /(?:\+deb|-\d)\S*-(?:amd64|arm64|686|armmp|powerpc64le|riscv64|s390x)|-(?:cloud|rt)-(?:amd64|arm64)/;
  if (!debian || !debianRelease.test(kernel.release ?? '')) return '';
  return kernel.config?.option('IOMMUFD') === 'n' ? "; Debian's kernels are built so" : '';
}

/** Checks /dev/iommu, which device nodes need. */
export function checkIommufd(snapshot: Snapshot): CheckResult {
  const { iommu, kernel, devices } = snapshot;
  if (hasCdev(snapshot) === false) return ok('iommufd', 'not needed: nodes of groups do not use /dev/iommu');
  const needed = devices.some(({ device }) => device.devnum !== undefined);
  if (typeof iommu === 'string') {
    if (iommu !== 'ENOENT')
      return warning('iommufd', `/dev/iommu cannot be examined: ${iommu}`, 'run it as root');
    const remedy =
      kernel.iommufd === 'absent'
        ? 'use a kernel with CONFIG_IOMMUFD'
        : kernel.iommufd === 'present'
          ? 'mount devtmpfs on /dev (in a container: pass /dev/iommu in)'
          : 'modprobe iommufd';
    const message = 'there is no /dev/iommu, and the node of a device cannot be used without it';
    return needed ? error('iommufd', message, remedy) : warning('iommufd', message, remedy);
  }
  const mode = formatMode(iommu.mode);
  if (iommu.kind !== 'char')
    return error(
      'iommufd',
      `/dev/iommu is a ${iommu.kind}, no character device`,
      'remove it, and reload the module iommufd',
    );
  return ok('iommufd', `/dev/iommu exists, mode ${mode}, owner ${iommu.uid}:${iommu.gid}`);
}

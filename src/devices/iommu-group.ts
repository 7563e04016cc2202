/** Reads the other devices of an IOMMU group and decides whether VFIO can use the group. */

import { describeErrno, tryOrUndefined } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { baseName, resolvePath } from '../text/path.ts';
import { sortNatural } from './order.ts';
import type { Device } from './types.ts';

export interface Sibling {
  readonly bus: string;
  readonly name: string;
  /** Absent if no driver is bound. */
  readonly driver?: string;
  /**
   * `vfio`: bound to a VFIO driver; `compatible`: no driver, or one that does no DMA; `blocking`: a driver that blocks the
   * group.
   */
  readonly sharing: 'vfio' | 'compatible' | 'blocking';
}

/**
 * Drivers that do not prevent VFIO from using the group: they set `driver_managed_dma` and do not claim the group
 * (iommu_device_use_default_domain in drivers/iommu/iommu.c). Before Linux 5.19, VFIO had a list with pci-stub and
 * pcieport.
 */
export const nonBlockingDrivers: readonly string[] = ['pci-stub', 'pcieport'];

/** A sibling with what a name for its group needs. */
export interface GroupMember extends Sibling {
  /** `/sys/devices/...`, without the root's prefix. */
  readonly syspath: string;
  /** A PCI bridge, which no VFIO driver binds. */
  readonly bridge: boolean;
}

export interface MemberScan {
  /** Sorted by name; a device that is removed during the scan is omitted. */
  readonly members: readonly GroupMember[];
  /** What could not be read: one member, or all of them if it has no name. */
  readonly unreadable: readonly { readonly name?: string; readonly reason: string }[];
}

/**
 * Returns the other members of the device's IOMMU group, sorted; empty if it has no group. Omits a device that is
 * removed during the scan.
 */
export function readSiblings(files: Files, root: Root, device: Device): readonly Sibling[] {
  const members = readSiblingsIn(files, pathBelow(root, `${device.syspath}/iommu_group/devices`)) ?? [];
  return members.filter(({ name }) => name !== device.name);
}

/**
 * Returns the members of an IOMMU group by its number, sorted; `undefined` if there is no such group.
 */
export function readGroup(files: Files, root: Root, group: string): readonly Sibling[] | undefined {
  return readSiblingsIn(files, pathBelow(root, `/sys/kernel/iommu_groups/${group}/devices`));
}

function readSiblingsIn(files: Files, directory: string): readonly Sibling[] | undefined {
  const names = tryOrUndefined(() => sortNatural(files.readdir(directory)));
  return names
    ?.map((name) => tryOrUndefined(() => readSibling(files, `${directory}/${name}`, name)))
    .filter((member) => member !== undefined);
}

/** Returns the members of an IOMMU group by its number, with their directories. Never throws the errno of a system call. */
export function readGroupMembers(files: Files, root: Root, group: string): MemberScan {
  const directory = `/sys/kernel/iommu_groups/${group}/devices`;
  const members: GroupMember[] = [];
  const unreadable: { name?: string; reason: string }[] = [];
  const guarded = (fn: () => void, name?: string): void => {
    try {
      fn();
    } catch (error) {
      const reason = describeErrno(error);
      if (reason === undefined) throw error;
      // The device was removed meanwhile.
      if (name !== undefined && (reason === 'ENOENT' || reason === 'ENODEV')) return;
      unreadable.push({ ...(name !== undefined && { name }), reason });
    }
  };
  let names: readonly string[] = [];
  guarded(() => {
    names = sortNatural(files.readdir(pathBelow(root, directory)));
  });
  for (const name of names)
    guarded(() => {
      const syspath = resolvePath(directory, files.readlink(pathBelow(root, `${directory}/${name}`)));
      if (!syspath.startsWith('/sys/devices/') || baseName(syspath) !== name) {
        unreadable.push({ name, reason: 'it is not a link to a device of that name' });
        return;
      }
      const sibling = readSibling(files, pathBelow(root, syspath), name);
      members.push({ ...sibling, syspath, bridge: isPciBridge(files, root, sibling.bus, syspath) });
    }, name);
  return { members, unreadable };
}

/**
 * Whether a device is a PCI bridge, PCI to PCI or CardBus: vfio-pci refuses a header that is not of type 0
 * (vfio_pci_core_register_device in drivers/vfio/pci/vfio_pci_core.c).
 */
export function isPciBridge(files: Files, root: Root, bus: string, syspath: string): boolean {
  if (bus !== 'pci') return false;
  const classCode = tryOrUndefined(() => files.read(pathBelow(root, `${syspath}/class`), 64)) ?? '';
  return /^0x060[479]/.test(classCode);
}

/**
 * Whether a driver is one of VFIO by its name: `vfio-pci`, `mlx5_vfio_pci`, `vfio_mdev`. Only for devices that the class
 * vfio-dev does not list; a driver of VFIO can have any name.
 */
export function isVfioDriverName(driver: string | undefined): boolean {
  return driver !== undefined && /(?:^|[-_])vfio(?:[-_]|$)/.test(driver);
}

/** Throws the errno if the subsystem cannot be read. */
function readSibling(files: Files, directory: string, name: string): Sibling {
  const bus = baseName(files.readlink(`${directory}/subsystem`));
  const link = tryOrUndefined(() => files.readlink(`${directory}/driver`));
  const driver = link === undefined ? undefined : baseName(link);
  // vfio-dev does not exist before Linux 6.1, and while a driver registers the device. Every driver of bus mdev is one of VFIO.
  const isVfio =
    isVfioDriverName(driver) ||
    (bus === 'mdev' && driver !== undefined) ||
    tryOrUndefined(() => files.readdir(`${directory}/vfio-dev`)) !== undefined;
  const harmless = driver === undefined || nonBlockingDrivers.includes(driver);
  return {
    bus,
    name,
    ...(driver !== undefined && { driver }),
    sharing: isVfio ? 'vfio' : harmless ? 'compatible' : 'blocking',
  };
}

/**
 * Returns the siblings that make the group unusable: the group is "not viable", and VFIO_DEVICE_BIND_IOMMUFD fails with
 * EPERM.
 */
export function blockingSiblings(siblings: readonly Sibling[]): readonly Sibling[] {
  return siblings.filter((sibling) => sibling.sharing === 'blocking');
}

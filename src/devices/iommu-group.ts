/** Reads the other devices of an IOMMU group and decides whether VFIO can use the group. */

import { tryOrUndefined } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { baseName } from '../text/path.ts';
import { compareNatural } from './order.ts';
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

/**
 * Returns the other members of the device's IOMMU group, sorted; empty if it has no group. Omits a device that is
 * removed during the scan.
 */
export function readSiblings(files: Files, root: Root, device: Device): readonly Sibling[] {
  const members = readMembers(files, pathBelow(root, `${device.syspath}/iommu_group/devices`)) ?? [];
  return members.filter(({ name }) => name !== device.name);
}

/**
 * Returns the members of an IOMMU group by its number, sorted; `undefined` if there is no such group.
 */
export function readGroup(files: Files, root: Root, group: string): readonly Sibling[] | undefined {
  return readMembers(files, pathBelow(root, `/sys/kernel/iommu_groups/${group}/devices`));
}

function readMembers(files: Files, directory: string): readonly Sibling[] | undefined {
  const names = tryOrUndefined(() => files.readdir(directory));
  return names
    ?.sort(compareNatural)
    .map((name) => readMember(files, `${directory}/${name}`, name))
    .filter((member) => member !== undefined);
}

/**
 * Whether a driver is one of VFIO by its name: `vfio-pci`, `mlx5_vfio_pci`, `vfio_mdev`. Only for devices that the class
 * vfio-dev does not list; a driver of VFIO can have any name.
 */
export function isVfioDriverName(driver: string | undefined): boolean {
  return driver !== undefined && /(?:^|[-_])vfio(?:[-_]|$)/.test(driver);
}

function readMember(files: Files, directory: string, name: string): Sibling | undefined {
  const subsystem = tryOrUndefined(() => files.readlink(`${directory}/subsystem`));
  if (subsystem === undefined) return undefined;
  const link = tryOrUndefined(() => files.readlink(`${directory}/driver`));
  const driver = link === undefined ? undefined : baseName(link);
  // vfio-dev does not exist before Linux 6.1, and while a driver registers the device.
  const isVfio =
    isVfioDriverName(driver) || tryOrUndefined(() => files.readdir(`${directory}/vfio-dev`)) !== undefined;
  const harmless = driver === undefined || nonBlockingDrivers.includes(driver);
  return {
    bus: baseName(subsystem),
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

/** The other devices of a device's IOMMU group, and whether they leave it usable. Knows nothing of who has it open. */
import type { Device } from '../devices/device.ts';
import { lastPart } from '../devices/identify.ts';
import { naturalOrder } from '../devices/order.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import { tolerant } from './tolerant.ts';

export interface Sibling {
  readonly bus: string;
  readonly name: string;
  /** Absent where no driver is bound. */
  readonly driver?: string;
  /** `vfio`: bound to a VFIO driver; `harmless`: no driver, or one that does no DMA of its own; `host`: the group can't be used. */
  readonly use: 'vfio' | 'harmless' | 'host';
}

/**
 * Drivers that leave the group to VFIO: they set `driver_managed_dma` and never claim it (iommu_device_use_default_domain in
 * drivers/iommu/iommu.c); before Linux 5.19 pci-stub and pcieport stood in a list of VFIO's own.
 */
export const harmlessDrivers: readonly string[] = ['pci-stub', 'pcieport'];

/** The other members of the device's IOMMU group, sorted; none for a device without a group. One that vanishes is left out. */
export function readSiblings(files: Files, root: Root, device: Device): readonly Sibling[] {
  const members = at(root, `${device.syspath}/iommu_group/devices`);
  const names = (tolerant(() => files.list(members)) ?? []).sort(naturalOrder);
  return names
    .filter((name) => name !== device.name)
    .map((name) => readSibling(files, `${members}/${name}`, name))
    .filter((sibling) => sibling !== undefined);
}

function readSibling(files: Files, directory: string, name: string): Sibling | undefined {
  const subsystem = tolerant(() => files.readlink(`${directory}/subsystem`));
  if (subsystem === undefined) return undefined;
  const link = tolerant(() => files.readlink(`${directory}/driver`));
  const driver = link === undefined ? undefined : lastPart(link);
  const isVfio = tolerant(() => files.list(`${directory}/vfio-dev`)) !== undefined;
  const harmless = driver === undefined || harmlessDrivers.includes(driver);
  return {
    bus: lastPart(subsystem),
    name,
    ...(driver !== undefined && { driver }),
    use: isVfio ? 'vfio' : harmless ? 'harmless' : 'host',
  };
}

/** Those because of which neither interface can use the group: opening it says "not viable", BIND gives EPERM. */
export function blockingSiblings(siblings: readonly Sibling[]): readonly Sibling[] {
  return siblings.filter((sibling) => sibling.use === 'host');
}

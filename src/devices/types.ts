/** The types of a VFIO device, a scan and the facts of a device. */

/** A device bound to a VFIO driver, as listed in `/sys/class/vfio-dev`. */
export interface Device {
  /** The bus of the device: `pci`, `platform`, `mdev`, ... */
  readonly bus: string;
  /** The name on that bus, unchanged from sysfs: `0000:01:00.0`, a UUID. */
  readonly name: string;
  /** `vfioN`, the kernel's name of the VFIO device; the kernel assigns N arbitrarily and reuses it. */
  readonly sysname: string;
  /** `MAJOR:MINOR`; absent if the kernel creates no node for the device. */
  readonly devnum?: string;
  /** The device's directory on the machine: `/sys/devices/pci0000:00/0000:00:04.0` (without the root's prefix). */
  readonly syspath: string;
}

/** A problem with one entry of sysfs; it does not affect the other entries. */
export interface Problem {
  /** The path on the machine (without the root's prefix). */
  readonly file: string;
  readonly message: string;
}

export interface Scan {
  /** In natural order: 0000:9 before 0000:10. */
  readonly devices: readonly Device[];
  readonly problems: readonly Problem[];
  /** How many of the problems are not only that a device went away while it was read. */
  readonly unreadableCount: number;
}

/** The facts of one device; unknown facts are omitted. The keys are those of the policy and of --json. */
export interface Facts {
  readonly bus: string;
  readonly name: string;
  /** `vfio3` (absent without a devnum). */
  readonly node?: string;
  readonly devnum?: string;
  readonly syspath: string;
  /** `yes`, or `no` for a device without a node that can have links. */
  readonly cdev: string;
  /** Why `cdev` is `no`: one line. */
  readonly noCdevReason?: string;
  readonly driver?: string;
  /** Number of the IOMMU group, `14`. */
  readonly group?: string;
  /** The group node of the legacy interface, `/dev/vfio/14`. */
  readonly groupNode?: string;
  readonly vendor?: string;
  readonly device?: string;
  readonly subsystemVendor?: string;
  readonly subsystemDevice?: string;
  readonly class?: string;
  readonly revision?: string;
  readonly numaNode?: string;
  /** The function number of a PCI device, `0` to `7`: the last digit of its name. */
  readonly function?: string;
  /** The name of the physical function; only for a VF. */
  readonly pf?: string;
  /** The VF's index, from 0. */
  readonly vf?: string;
  readonly path?: string;
  readonly slot?: string;
  readonly serial?: string;
  readonly mdevType?: string;
  readonly mdevParent?: string;
  readonly label?: string;
  /** The user that owns the node, by name or number. */
  readonly owner?: string;
  readonly fileGroup?: string;
  /** Permission bits of the node, octal: `0600`. */
  readonly mode?: string;
}

export type FactName = keyof Facts;

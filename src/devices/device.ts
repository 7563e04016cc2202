/** The types of what the kernel says of its VFIO devices. Types only. */

/** Why a device has no character node of its own. */
export type NoCdev = 'no-cdev' | 'noiommu';

/** A device bound to a VFIO driver, as the class directory of sysfs shows it. */
export interface Device {
  /** The bus that gave the device its name: `pci`, `platform`, `mdev`, ... */
  readonly bus: string;
  /** The name on that bus, raw as sysfs has it: `0000:01:00.0`, a UUID. */
  readonly name: string;
  /** `vfioN`, the kernel's name of the VFIO device: arbitrary, reused. */
  readonly sysname: string;
  /** `MAJOR:MINOR`, absent where this kernel gives the device no node. */
  readonly devnum?: string;
  /** The device's directory as the machine sees it: `/sys/devices/pci0000:00/0000:00:04.0` (never with the root's prefix). */
  readonly syspath: string;
}

/** Something that was wrong with one entry of sysfs; the others are not concerned. */
export interface Problem {
  /** The machine's path (no root prefix). */
  readonly path: string;
  readonly message: string;
}

export interface Scan {
  /** In the order in which people count: 0000:9 before 0000:10. */
  readonly devices: readonly Device[];
  readonly problems: readonly Problem[];
}

/** What is known of one device; an absent fact is left out. The names are those of the policy and of --json. */
export interface Facts {
  readonly bus: string;
  readonly name: string;
  /** `vfio3` (absent without a devnum). */
  readonly node?: string;
  readonly devnum?: string;
  readonly syspath: string;
  /** `yes`, or why there is no node: `no: ...`. */
  readonly cdev: string;
  readonly driver?: string;
  /** Number of the IOMMU group, `14`. */
  readonly group?: string;
  /** The legacy node, `/dev/vfio/14`. */
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
  /** The physical function's name, of a VF. */
  readonly pf?: string;
  /** The VF's index, from 0. */
  readonly vf?: string;
  readonly path?: string;
  readonly slot?: string;
  readonly serial?: string;
  readonly mdevType?: string;
  readonly mdevParent?: string;
  readonly label?: string;
  /** User name or number that owns the node. */
  readonly owner?: string;
  readonly fileGroup?: string;
  /** Permission bits, octal: `0600`. */
  readonly mode?: string;
}

export type FactName = keyof Facts;

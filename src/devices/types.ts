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
  /** What was found, one line. */
  readonly message: string;
  /** The device or the group went away while it was read. */
  readonly code?: 'gone';
}

export interface Scan {
  /** In natural order: 0000:9 before 0000:10. */
  readonly devices: readonly Device[];
  readonly problems: readonly Problem[];
  /** How many of the problems are not only that a device went away while it was read. */
  readonly unreadableCount: number;
}

/** The facts that are text in every form of a device; unknown facts are omitted. */
interface TextFacts {
  /** The bus of the device: `pci`, `platform`, `mdev`, ... */
  readonly bus: string;
  /** The name on that bus, unchanged from sysfs. */
  readonly name: string;
  /** `vfio3`; absent if the kernel does not create a node for the device. */
  readonly node?: string;
  /** The device number of the node, `MAJOR:MINOR`. */
  readonly devnum?: string;
  /** The device's directory in sysfs, without the root directory. */
  readonly syspath: string;
  /** The driver of the device: `vfio-pci`. */
  readonly driver?: string;
  /** The group node of the legacy interface, `/dev/vfio/14`. */
  readonly groupNode?: string;
  /** PCI vendor ID, `0x10de`. */
  readonly vendor?: string;
  /** PCI device ID, `0x2204`. */
  readonly device?: string;
  /** PCI subsystem vendor ID. */
  readonly subsystemVendor?: string;
  /** PCI subsystem device ID. */
  readonly subsystemDevice?: string;
  /** PCI class, `0x030000`. */
  readonly class?: string;
  /** PCI revision, `0xa1`. */
  readonly revision?: string;
  /** The name of the physical function; only for a VF. */
  readonly pf?: string;
  /** The driver of the physical function; only for a VF. */
  readonly pfDriver?: string;
  /** The network interface of the physical function; only for a VF of a network card. */
  readonly pfNet?: string;
  /** The PCI path without bus numbers, as in by-path. */
  readonly path?: string;
  /** The physical slot, as in by-slot. */
  readonly slot?: string;
  /** The serial number of the card. */
  readonly serial?: string;
  /** The type of a mediated device: `nvidia-63`. */
  readonly mdevType?: string;
  /** The name of the parent of a mediated device. */
  readonly mdevParent?: string;
  /** Vendor and product, if the system's hardware database has them. */
  readonly label?: string;
  /** The user that owns the node, by name or number. */
  readonly owner?: string;
  /** The group that owns the node, by name or number. */
  readonly fileGroup?: string;
  /** Permission bits of the node, octal: `0600`. */
  readonly mode?: string;
}

/** The facts of one device as text, as policies and rules compare them. The keys are those of the policy. */
export interface Facts extends TextFacts {
  /** `yes`, or `no` for a device without a node that can have links. */
  readonly cdev: string;
  /** Why `cdev` is `no`: one line. */
  readonly noCdevReason?: string;
  /** Number of the IOMMU group, `14`. */
  readonly group?: string;
  readonly numaNode?: string;
  /** The function number of a PCI device, `0` to `7`: the last digit of its name. */
  readonly function?: string;
  /** The VF's index, from 0. */
  readonly vf?: string;
  /** The number of the profile of an NVIDIA vGPU that is a VF, `1155`. */
  readonly vgpuType?: string;
}

/** The facts of one device with numbers as numbers, as --json and the library return them. Unknown facts are omitted. */
export interface TypedFacts extends TextFacts {
  /** Whether the device has a node that can have links. */
  readonly cdev: Cdev;
  /** Number of the IOMMU group. */
  readonly group?: number;
  /** Number of the NUMA node. */
  readonly numaNode?: number;
  /** The function number of a PCI device, 0 to 7. */
  readonly function?: number;
  /** The index of a VF, from 0. */
  readonly vf?: number;
  /** The number of the profile of an NVIDIA vGPU that is a VF. */
  readonly vgpuType?: number;
}

/** Whether a device has a node that can have links. */
export interface Cdev {
  /** False if the kernel does not create a node for the device, or if the device has no IOMMU. */
  readonly available: boolean;
  /** Why not: one line; absent if it is available. */
  readonly reason?: string;
}

export type FactName = keyof Facts;

/** What doctor knows of a machine: everything that its checks decide on, read once. Types only. */
import type { Device, Problem } from '../devices/device.ts';
import type { Holder, Unseen } from '../holders/holder.ts';
import type { Sibling } from '../holders/siblings.ts';
import type { Status } from '../system/files.ts';
import type { KernelConfig } from './kernel-config.ts';
import type { Udev } from './udev.ts';

/** Whether a module is at work, could be loaded, or is not there; `unknown` where nothing lists the modules. */
export type ModuleState = 'present' | 'available' | 'absent' | 'unknown';

export interface Kernel {
  /** `6.12.107+deb13-amd64`. */
  readonly release?: string;
  readonly config?: KernelConfig;
  readonly vfio: ModuleState;
  readonly vfioPci: ModuleState;
  readonly iommufd: ModuleState;
  /** The kinds of node that the loaded vfio gives, by its entries in /proc/devices; absent while it is not loaded. */
  readonly interfaces?: { readonly cdev: boolean; readonly group: boolean };
}

/** /etc/os-release, os-release(5). */
export interface Distribution {
  readonly id: string;
  readonly like: readonly string[];
  readonly name: string;
}

/** A VFIO device with what surrounds it. */
export interface DeviceState {
  readonly device: Device;
  /** Number of its IOMMU group. */
  readonly group?: string;
  /** It is given out without an IOMMU. */
  readonly noIommu?: true;
  readonly siblings: readonly Sibling[];
  readonly holders: readonly Holder[];
  /** Whether udev's database says that udev gave it its name; absent where there is no database, or nothing to name. */
  readonly namedByUdev?: boolean;
}

export interface MemoryLock {
  /** Bytes; Infinity for unlimited. */
  readonly soft: number;
  /** CAP_IPC_LOCK: the limit does not count. */
  readonly exempt: boolean;
}

export interface Snapshot {
  readonly kernel: Kernel;
  readonly distribution?: Distribution;
  readonly processor?: 'intel' | 'amd';
  /** IOMMU groups, without those that VFIO made itself. */
  readonly groups: number;
  /** /dev/iommu: what is there, or the errno. */
  readonly iommu: Status | string;
  readonly devices: readonly DeviceState[];
  readonly problems: readonly Problem[];
  readonly udev: Udev;
  /** The watching process. */
  readonly watcher?: number;
  /** What is wrong with the policy; absent for a good one. */
  readonly policyFault?: string;
  /** How many findings verify has, or why it could not look. */
  readonly findings: number | string;
  readonly fixable: number;
  readonly unseen: readonly Unseen[];
  readonly memoryLock?: MemoryLock;
}

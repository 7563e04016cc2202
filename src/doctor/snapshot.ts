/** Types of the machine's state as doctor's checks see it; read once. */

import type { Sibling } from '../devices/iommu-group.ts';
import type { HostDevice } from '../devices/not-bound.ts';
import type { Device, Problem } from '../devices/types.ts';
import type { Holder, Incomplete } from '../holders/types.ts';
import type { FileStatus } from '../system/files.ts';
import type { AccessState } from './access.ts';
import type { DriverReport } from './drivers.ts';
import type { KernelConfig } from './kernel-config.ts';
import type { UdevState } from './udev.ts';

/**
 * Whether a module is loaded (or built in and active), can be loaded, or does not exist; `unknown` without a
 * list of modules.
 */
export type ModuleState = 'present' | 'available' | 'absent' | 'unknown';

export interface Kernel {
  /** `6.12.107+deb13-amd64`. */
  readonly release?: string;
  readonly config?: KernelConfig;
  readonly vfio: ModuleState;
  readonly vfioPci: ModuleState;
  readonly iommufd: ModuleState;
  /**
   * The kinds of node that the loaded vfio module supports, from /proc/devices; absent while it is not
   * loaded.
   */
  readonly interfaces?: { readonly cdev: boolean; readonly group: boolean };
  /** Set if sysfs lists a group node. */
  readonly hasGroupNode?: true;
}

/** /etc/os-release, os-release(5). */
export interface Distribution {
  readonly id: string;
  readonly like: readonly string[];
  readonly name: string;
}

/** A VFIO device with its group, siblings and holders. */
export interface DeviceState {
  readonly device: Device;
  /** Number of its IOMMU group. */
  readonly group?: string;
  /** The node of its group, `/dev/vfio/14`. */
  readonly groupNode?: string;
  /** Set for a device in no-IOMMU mode. */
  readonly noIommu?: true;
  readonly siblings: readonly Sibling[];
  readonly holders: readonly Holder[];
  /**
   * Whether udev's database lists the link of the device, or of its group where only that has a name; absent if there is no
   * database, or no link.
   */
  readonly linkedByUdev?: boolean;
}

/** A device of a kernel before 6.1 with its group and siblings. */
export interface ClasslessState extends HostDevice {
  readonly group?: string;
  readonly siblings: readonly Sibling[];
}

export interface MemoryLock {
  /** Bytes; Infinity for unlimited. */
  readonly softLimit: number;
  /** With CAP_IPC_LOCK the limit does not apply. */
  readonly exempt: boolean;
}

export interface Snapshot {
  readonly kernel: Kernel;
  readonly distribution?: Distribution;
  readonly processor?: 'intel' | 'amd';
  /** Number of IOMMU groups, without the no-IOMMU groups that VFIO creates. */
  readonly groupCount: number;
  /** Status of /dev/iommu, or the errno of stat(2). */
  readonly iommu: FileStatus | string;
  readonly devices: readonly DeviceState[];
  readonly problems: readonly Problem[];
  readonly udev: UdevState;
  /** Pid of `vfio-names watch`. */
  readonly watchPid?: number;
  /** The error of the policy; absent if it is valid. */
  readonly policyError?: string;
  /** Number of findings of verify, or the message of its error; 0 if the policy has an error. */
  readonly verifyFindings: number | string;
  readonly fixableFindings: number;
  /** Devices bound to VFIO drivers on a kernel without the class vfio-dev. */
  readonly classless: readonly ClasslessState[];
  /** Whether groups have names where devices have no nodes of their own: unless the policy says `groups = false`. */
  readonly groupNames: boolean;
  readonly access: AccessState;
  /** One line for each name of the policy that does not lead to one device. */
  readonly policyNotes: readonly string[];
  readonly drivers: DriverReport;
  readonly incomplete: readonly Incomplete[];
  readonly memoryLock?: MemoryLock;
}

/** Types of a search for processes that have a VFIO device open. */

/**
 * The kind of descriptor: of the device's node (`cdev`), of the node of its IOMMU group (`group`), a device descriptor that a
 * group returned (`device-fd`, `anon_inode:[vfio-device]`), or a container of a process that has one of the latter two
 * (`container`).
 */
export type HeldInterface = 'cdev' | 'group' | 'device-fd' | 'container';

/**
 * What to search for; a descriptor belongs to the target if one of the properties matches. The kernel does not reuse a
 * device number while a process has it open, so `devnum` also works for a device that is gone.
 */
export interface HolderTarget {
  /** `MAJOR:MINOR` of the device's node. */
  readonly devnum?: string;
  /** `MAJOR:MINOR` of its group node. */
  readonly groupDevnum?: string;
  /** `MAJOR:MINOR` of /dev/vfio/vfio: counts only in a process that has the device open through its group. */
  readonly containerDevnum?: string;
  /**
   * `/sys/devices/...` of the device, without the root directory; matched with fdinfo, which has it since Linux 6.18.
   */
  readonly syspath?: string;
  /** `vfioN`, for a device that is gone: matches only descriptors of deleted nodes. */
  readonly goneSysname?: string;
  /** The name on its bus, for a device that is gone: the last part of the syspath in fdinfo. */
  readonly goneName?: string;
}

/** A container: the runtime (`docker`, `podman`, ...), its full id or name, and the UID of its Kubernetes pod. */
export interface Container {
  readonly runtime: string;
  readonly id: string;
  readonly pod?: string;
}

/** One open descriptor of a target; a process with two descriptors has two holders. Text is not made printable. */
export interface Holder {
  readonly pid: number;
  readonly fd: number;
  readonly interface: HeldInterface;
  /**
   * The target of /proc/PID/fd/N without ` (deleted)`: `/dev/vfio/devices/vfio0`. For a container, a path in its mount
   * namespace.
   */
  readonly opened: string;
  /**
   * Whether the node was removed while it was open: the device was unbound, or its removal waits for the descriptor.
   */
  readonly deleted: boolean;
  /** The command name of the process (proc_pid_comm(5)), at most 15 bytes. */
  readonly command?: string;
  readonly uid?: number;
  /** The name of `uid` in /etc/passwd. */
  readonly user?: string;
  /** The innermost systemd unit, as an argument for `systemctl status`. */
  readonly unit?: string;
  readonly container?: Container;
  /** `MAJOR:MINOR` of the descriptor; absent for `device-fd`. */
  readonly devnum?: string;
  /** The syspath of the device from fdinfo, since Linux 6.18. */
  readonly syspath?: string;
}

/** A reason why the list of holders may be incomplete. */
export interface Incomplete {
  readonly limitation: 'not-root' | 'denied' | 'pid-namespace' | 'hidepid' | 'no-proc' | 'fdinfo-unsupported';
  /** One sentence: what is missing in the list and what to do. */
  readonly message: string;
  /** The affected processes, if they are known. */
  readonly pids?: readonly number[];
}

export interface HolderSearch<T extends HolderTarget = HolderTarget> {
  /** Sorted by PID, then by descriptor; a descriptor of a group node appears once per target of the group. */
  readonly holders: readonly (Holder & { readonly target: T })[];
  /** Empty if the list is complete. */
  readonly incomplete: readonly Incomplete[];
}

/** The types of who has a VFIO device open, and of what could not be seen. Types only. */

/**
 * What the descriptor is: the device's own node (`cdev`), the node of its IOMMU group (`group`), or the device descriptor
 * that a group hands out (`device-fd`, `anon_inode:[vfio-device]`).
 */
export type HeldInterface = 'cdev' | 'group' | 'device-fd';

/**
 * What to look for; each part that is there is looked for, and one that matches is enough. The kernel gives no number to
 * another device while somebody holds the old one, so a devnum is safe for a device that is gone, too.
 */
export interface HolderTarget {
  /** `MAJOR:MINOR` of the device's own node. */
  readonly devnum?: string;
  /** `MAJOR:MINOR` of its group's node. */
  readonly groupDevnum?: string;
  /** `/sys/devices/...` (no root prefix) of the device; found by the kernel's word in fdinfo, since Linux 6.18. */
  readonly syspath?: string;
  /** `vfioN`, for a device that is gone: matches only descriptors of deleted nodes. */
  readonly goneSysname?: string;
  /** The name on its bus, for a device that is gone: the last part of what fdinfo says. */
  readonly goneName?: string;
}

/** `docker`, `podman`, ... and the whole id (or name) that it goes by; the pod's UID where Kubernetes runs it. */
export interface Container {
  readonly runtime: string;
  readonly id: string;
  readonly pod?: string;
}

/** One open descriptor of a target. A process with two descriptors is there twice. All text is raw: print it with care. */
export interface Holder {
  readonly pid: number;
  readonly fd: number;
  readonly interface: HeldInterface;
  /** What /proc/PID/fd/N says, without ` (deleted)`: `/dev/vfio/devices/vfio0`. In a container its path, not ours. */
  readonly path: string;
  /** The node was removed while it was open: the device has left, or is waiting to. */
  readonly deleted: boolean;
  /** The name of the program as the kernel keeps it, 15 bytes at most. */
  readonly command?: string;
  readonly uid?: number;
  /** The name of that uid in /etc/passwd. */
  readonly user?: string;
  /** The innermost systemd unit, as `systemctl status` wants it. */
  readonly unit?: string;
  readonly container?: Container;
  /** `MAJOR:MINOR` of the descriptor; a device-fd has none. */
  readonly devnum?: string;
  /** The device, in the kernel's own words (fdinfo, Linux 6.18). */
  readonly syspath?: string;
}

/** Why a list of holders may be short. */
export interface Unseen {
  readonly reason: 'not-root' | 'refused' | 'pid-namespace' | 'hidepid' | 'no-proc' | 'old-kernel';
  /** One sentence for people: what was not seen, and what to do. */
  readonly message: string;
  /** The processes concerned, where they are known. */
  readonly pids?: readonly number[];
}

export interface HolderSearch<T extends HolderTarget = HolderTarget> {
  /** Sorted by pid, then descriptor; a group's descriptor appears once for each target of that group. */
  readonly holders: readonly (Holder & { readonly target: T })[];
  /** Empty where everything could be looked at. */
  readonly unseen: readonly Unseen[];
}

/**
 * Types of the requests to the second process and of its answers. They cross a pipe, so they are plain
 * values.
 */

import type { Details } from './device-info.ts';

/** How far a probe goes: open the node; bind the device to an iommufd; open the device through its group. */
export type ProbeDepth = 'open' | 'bind' | 'group';

/** A node and its device number in sysfs (`MAJOR:MINOR`), which is absent if sysfs has none. */
export interface NodeRequest {
  readonly path: string;
  readonly devnum?: string;
}

/** All paths include the root directory. */
export interface ProbeRequest {
  readonly depth: ProbeDepth;
  /** The name of the device on its bus; the group interface needs it. */
  readonly name: string;
  /**
   * Path of the node, its device number (`MAJOR:MINOR`), and the sysfs attribute of that number; absent
   * without a node.
   */
  readonly node?: string;
  readonly devnum?: string;
  readonly devAttribute?: string;
  readonly iommu: NodeRequest;
  /** Absent if the device has no group. */
  readonly group?: NodeRequest;
  readonly container: NodeRequest;
  readonly attach: boolean;
  /** A VF token as a UUID: `bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3`. */
  readonly token?: string;
}

/** Reason of a failure without an errno. */
type FailureReason =
  /**
   * The device number of the node differs from sysfs; `found` is the number of the node, or its file type.
   */
  | 'node-mismatch'
  /** The device was unbound, or its node number was reused, between lookup and open. */
  | 'device-changed'
  /** GET_INFO succeeded before BIND. */
  | 'not-vfio'
  | 'not-viable'
  | 'api-version'
  | 'no-type1v2'
  /** The device does not have the requested interface. */
  | 'no-node'
  | 'no-group';

export interface ProbeFailure {
  /** The call that failed: `open node`, `VFIO_DEVICE_BIND_IOMMUFD`, ... */
  readonly step: string;
  readonly errno?: string;
  readonly reason?: FailureReason;
  readonly found?: string;
}

export type ProbeAnswer =
  | { readonly openable: true; readonly details?: Details }
  | ({ readonly openable: false } & ProbeFailure);

/** Returns the 16 bytes of the UUID in written order, the layout of the kernel's uuid_t. */
export function tokenBytes(token: string | undefined): Uint8Array | undefined {
  if (token === undefined) return undefined;
  return Uint8Array.from(token.match(/[0-9a-f]{2}/gi) ?? [], (digits) => Number.parseInt(digits, 16));
}

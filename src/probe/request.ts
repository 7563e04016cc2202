/** What crosses the pipe to the second process and back: plain values. Types only. */
import type { Details } from './details.ts';

/** How far a probe goes: open only; take the device through iommufd; take it through its group. */
export type Depth = 'open' | 'bind' | 'group';

/** All paths are ready to open, with the root's prefix. */
export interface ProbeRequest {
  readonly depth: Depth;
  /** The name on its bus, which the group's interface wants. */
  readonly name: string;
  /** The node's path, `MAJOR:MINOR`, and the sysfs attribute that says so; absent where the device has no node. */
  readonly node?: string;
  readonly devnum?: string;
  readonly devAttribute?: string;
  readonly iommu: string;
  /** The group's node, absent where the device has no group. */
  readonly group?: string;
  readonly container: string;
  readonly attach: boolean;
  /** A VF token as people write it: `bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3`. */
  readonly token?: string;
}

/** What went wrong that no errno says. */
export type Trouble =
  /** The node's number is not what sysfs says; `found` has it. */
  | 'other-device'
  /** The device left, or became another one, between the look-up and the open. */
  | 'moved'
  /** GET_INFO answered before BIND. */
  | 'answered-unbound'
  | 'not-viable'
  | 'api-version'
  | 'no-type1v2'
  /** Asked for a path that this device does not have. */
  | 'no-node'
  | 'no-group';

export interface Failure {
  /** The call: `open node`, `VFIO_DEVICE_BIND_IOMMUFD`, ... */
  readonly step: string;
  readonly errno?: string;
  readonly trouble?: Trouble;
  readonly found?: string;
}

export type Answer =
  | { readonly openable: true; readonly details?: Details }
  | ({ readonly openable: false } & Failure);

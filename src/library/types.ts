/** What open() takes and returns. packaging/npm/api-page.mjs makes LIBRARY.md from the comments. */
import type { Device, Problem, TypedFacts } from '../devices/types.ts';
import type { AccessChange, AccessOutcome } from '../links/access.ts';
import type { Finding } from '../links/finding.ts';
import type { SkippedDevice } from '../links/node-check.ts';
import type { Change, Outcome } from '../links/plan.ts';
import type { Resolution } from '../links/resolve.ts';
import type { DeviceState } from '../links/state.ts';
import type { Conflict } from '../names/claims.ts';
import type { WatchEvent, WatchTrigger } from '../watch/events.ts';

/** The machine and the policy that open() uses; by default this machine and the installed policy. */
export interface OpenOptions {
  /**
   * A directory with the tree of another machine: an image, a container, a test. The tree need not be trusted. No device is
   * opened and no owner or mode is changed there.
   */
  readonly root?: string;
  /** A directory with this machine's own tree, as a container sees it. Excludes `root`. */
  readonly hostRoot?: string;
  /** A policy file in place of the installed policy. Like the installed one, only root may be able to change it. */
  readonly policy?: string;
}

/**
 * One machine with its policy, as it was loaded. Each call reads sysfs and /dev again. Calls throw VfioNamesError, and an error
 * whose `code` is the errno if a system call fails for a reason that lies with no device.
 */
export interface VfioNames {
  /** Every device that is bound to a VFIO driver, in natural order: 0000:9 before 0000:10. */
  readonly list: () => ListedDevice[];
  /**
   * The device of NAME: an address, a UUID, `vfio3`, an alias of the policy, a path in /dev/vfio or /sys. Throws `no-device` and
   * `not-bound` (status 3), and `ambiguous` (status 2).
   */
  readonly find: (name: string) => ListedDevice;
  /**
   * The node of NAME, after it was compared with sysfs. Throws what find() throws, `device-changed` (status 3), `no-cdev` (status
   * 5), `not-permitted` (status 4), and `node-missing` or `node-mismatch` (status 1). To open the device, use openDevice(): a
   * path may lead to another device by the time that it is opened.
   */
  readonly resolve: (name: string) => Resolution;
  /**
   * Opens the device of NAME. The node is compared with sysfs before it is opened, through the same descriptor, and sysfs is read
   * again afterwards, so the descriptor is always that of the device. Throws what resolve() throws, `busy` and `timeout` (status
   * 1), and `usage` (status 2) below another `root`. The device is not claimed and not reset.
   */
  readonly openDevice: (name: string, options?: OpenDeviceOptions) => Promise<OpenedDevice>;
  /** What sync() would change, and what it would report; changes nothing. */
  readonly plan: () => Plan;
  /** Creates, replaces and removes links, and sets the access of nodes, as the policy says. A second call changes nothing. */
  readonly sync: () => SyncReport;
  /** What is wrong with links and nodes; empty if all of them are correct. */
  readonly verify: () => Finding[];
  /**
   * Runs sync() now and after each change of the devices, until close() is called. Resolves after the first pass, when the links
   * are correct. For hosts without udev.
   */
  readonly watch: (options?: WatchOptions) => Promise<Watch>;
}

/** A device with its facts, its links and its state. */
export interface ListedDevice extends TypedFacts {
  /** Absolute paths of the links that the device should have; the one of scheme 1 first. */
  readonly links: readonly string[];
  /** `ok` if verify() has no finding about the device. */
  readonly state: DeviceState;
}

/** Options of openDevice(). */
export interface OpenDeviceOptions {
  /** How long the open may take, in seconds; 5 is the default. */
  readonly timeout?: number;
}

/** A device that was opened. */
export interface OpenedDevice {
  /** The device that was found. */
  readonly device: Device;
  /** The descriptor: read and write, non-blocking, close-on-exec. */
  readonly fd: number;
  /** Closes the descriptor; a second call does nothing. */
  readonly close: () => void;
}

/** What sync() would change. Links are relative to /dev/vfio. */
export interface Plan {
  /** The links and directories that would change. */
  readonly changes: readonly Change[];
  /** The nodes whose owner, group or mode would change. */
  readonly access: readonly AccessChange[];
  /** Links that several devices claim. */
  readonly conflicts: readonly Conflict[];
  /** Devices without their node, or without a usable name. */
  readonly skipped: readonly SkippedDevice[];
  /** Entries of sysfs that could not be read; they do not affect other devices. */
  readonly problems: readonly Problem[];
}

/** What sync() did. Links are relative to /dev/vfio. */
export interface SyncReport {
  /** The changes and their results. */
  readonly outcomes: readonly Outcome[];
  /** The nodes whose owner, group or mode was changed, or should have been. */
  readonly access: readonly AccessOutcome[];
  /** Links that several devices claim. */
  readonly conflicts: readonly Conflict[];
  /** Devices without their node, or without a usable name. */
  readonly skipped: readonly SkippedDevice[];
  /** Entries of sysfs that could not be read; they do not affect other devices. */
  readonly problems: readonly Problem[];
  /** Whether the last scan found no changes that can be applied. */
  readonly stable: boolean;
}

/** Options of watch(). */
export interface WatchOptions {
  /** Called for each change that was made, and once for each problem that lasts. Links are absolute paths. */
  readonly onEvent?: (event: WatchEvent, trigger: WatchTrigger) => void;
  /** Called with one line for each problem of the service itself: a directory that cannot be watched, a policy that is rejected. */
  readonly onError?: (message: string) => void;
  /** Seconds after which the devices are checked even without events; 30 is the default. */
  readonly interval?: number;
}

/** A running watch(). */
export interface Watch {
  /** Loads the policy again. If it is invalid, onError is called, and the previous one stays. */
  readonly reload: () => void;
  /** Stops; resolves when no pass runs any more. Links stay. */
  readonly close: () => Promise<void>;
  /** Resolves after close(); rejects with an error that ended the service. */
  readonly done: Promise<void>;
}

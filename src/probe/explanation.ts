/** The type of an explanation, and explanations that several calls share. */

import { type ExitStatus, exitStatus } from '../errors.ts';
import type { Holder, Incomplete } from '../holders/types.ts';
import { printable } from '../text/printable.ts';
import { formatMode } from '../text/prose.ts';
import type { Evidence, NodeAccess, NodeKind, SiblingWithHolders } from './evidence.ts';
import { mayOpen } from './rights.ts';

const interfaceTexts: Readonly<Record<Holder['interface'], string>> = {
  cdev: 'through the cdev',
  group: 'through the group node',
  'device-fd': 'through its group',
  container: 'through its container',
};

/**
 * `pid 4711 (qemu-system-x86) through the cdev`; lists each process once per interface, and at most three.
 */
export function formatHolders(holders: readonly Holder[]): string {
  // Who has a container has a descriptor of the group, too.
  const main = holders.filter((holder) => holder.interface !== 'container');
  const texts = new Set(
    main.map(({ pid, command, interface: via }) => {
      const program = command === undefined ? '' : ` (${printable(command)})`;
      return `pid ${pid}${program} ${interfaceTexts[via]}`;
    }),
  );
  return joinAtMostThree([...texts]);
}

/** `sibling 0000:02:02.0 is on e1000e`. */
export function formatSibling({ name, driver }: SiblingWithHolders): string {
  return `sibling ${printable(name)} is on ${printable(driver ?? 'no driver')}`;
}

/** Joins at most three texts, and counts the rest: `a, b, c and 2 more`. */
export function joinAtMostThree(texts: readonly string[]): string {
  const rest = texts.length - 3;
  return texts.slice(0, 3).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/** `/dev/iommu is root:root 0600`. */
function formatNodeAccess({ path, status }: NodeAccess): string {
  if (!status) return printable(path);
  const mode = formatMode(status.mode);
  return `${printable(path)} is ${idText(status.uid)}:${idText(status.gid)} ${mode}`;
}

/** `root`, or `uid 1000`. */
function formatUser(uid: number): string {
  return uid === 0 ? 'root' : `uid ${uid}`;
}

function idText(id: number): string {
  return id === 0 ? 'root' : String(id);
}

export interface Explanation {
  readonly status: ExitStatus;
  /** One line, without a full stop: `in use by pid 4711 (qemu-system-x86) through the cdev`. */
  readonly cause: string;
  /** One line: what to do. */
  readonly remedy: string;
}

/** An explanation with exit status `findings`. */
export function notUsable(cause: string, remedy: string): Explanation {
  return { status: exitStatus.findings, cause, remedy };
}

/** An explanation with exit status `unsupported`. */
export function unsupported(cause: string, remedy: string): Explanation {
  return { status: exitStatus.unsupported, cause, remedy };
}

/** An explanation with exit status `notPermitted`. */
export function permissionDenied(cause: string, remedy: string): Explanation {
  return { status: exitStatus.notPermitted, cause, remedy };
}

/** Explains that the device was unbound during the probe; exit status `noDevice`. */
export function deviceGone(event: string): Explanation {
  return { status: exitStatus.noDevice, cause: `the device ${event}`, remedy: 'try again when it is bound' };
}

/** Explains that the device is in use: lists the holders, or says why none could be found. */
export function inUse(holders: readonly Holder[], incomplete: readonly Incomplete[]): Explanation {
  if (holders.length > 0)
    return notUsable(
      `in use by ${formatHolders(holders)}`,
      'stop that program, or wait until it has closed it',
    );
  const why = incomplete[0]?.message;
  return why === undefined
    ? notUsable(
        'in use, by a process that is not visible in /proc',
        'look for a virtual machine or a mapping that keeps it, or try again if it was just closed',
      )
    : notUsable('in use, by a process that was not seen', why);
}

/** Explains EACCES and EPERM of open(2). */
export function explainPermission(errno: string, evidence: Evidence, kind: NodeKind): Explanation {
  const node = evidence.nodes[kind];
  if (errno === 'EPERM')
    return permissionDenied(
      `not permitted: the device cgroup of this container or unit does not allow ${node.path}`,
      'allow it: DeviceAllow= in a systemd unit, --device for a container',
    );
  if (node.nodevMount !== undefined)
    return permissionDenied(
      `not permitted: ${printable(node.path)} is on ${printable(node.nodevMount)}, which is mounted with nodev`,
      'mount it without nodev: mount -o remount,dev; in a container, pass the node in',
    );
  const { rights } = evidence;
  if (evidence.uid === 0 && rights && node.status && !mayOpen(rights, node.status))
    return permissionDenied(
      `not permitted: ${formatNodeAccess(node)}, and root has no CAP_DAC_OVERRIDE here`,
      'add CAP_DAC_OVERRIDE to the capabilities of this container or unit, or change the owner of the node',
    );
  if (evidence.uid === 0 && rights)
    return permissionDenied(
      `not permitted: ${formatNodeAccess(node)}, and is refused to root, by a security module or a directory above it`,
      'check the audit log (SELinux, AppArmor) and the modes of the directories',
    );
  if (evidence.uid === 0)
    return permissionDenied(
      `not permitted: ${formatNodeAccess(node)}, and is refused to root: by a mount with nodev, a security module, or for want of CAP_DAC_OVERRIDE`,
      'look at the mount of /dev (findmnt), the audit log (SELinux, AppArmor), and the capabilities of this container or unit',
    );
  return permissionDenied(
    `not permitted: ${formatNodeAccess(node)}, you are ${formatUser(evidence.uid)}`,
    'run it as root, or give the node to your group with an [[access]] rule',
  );
}

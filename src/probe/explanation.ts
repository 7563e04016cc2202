/** The type of an explanation, and explanations that several calls share. */
import { type ExitStatus, exitStatus } from '../errors.ts';
import type { Holder, Incomplete } from '../holders/holder.ts';
import type { Evidence, NodeKind } from './evidence.ts';
import { formatHolders, formatNodeAccess, formatUser } from './say.ts';

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
export function inUse(holders: readonly Holder[], unseen: readonly Incomplete[]): Explanation {
  if (holders.length > 0)
    return notUsable(
      `in use by ${formatHolders(holders)}`,
      'stop that program, or wait until it has closed it',
    );
  const why = unseen[0]?.message;
  return why === undefined
    ? notUsable(
        'in use, by nobody that can be seen in /proc',
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

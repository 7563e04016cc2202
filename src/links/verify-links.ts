/** Findings about links: one per change that plan computes. */
import type { Device } from '../devices/types.ts';
import { explainErrno } from '../errors.ts';
import type { Conflict } from '../names/claims.ts';
import { isGroupLink, linkRoot } from '../names/scheme.ts';
import { printable } from '../text/printable.ts';
import type { Finding } from './finding.ts';
import type { Observation } from './observe.ts';
import { targetNode } from './ownership.ts';
import type { Change } from './plan.ts';

function syncRemedy(link: string): string {
  const subsystem = isGroupLink(link) ? 'vfio' : 'vfio-dev';
  return `vfio-names sync, or udevadm trigger --subsystem-match=${subsystem} --action=change`;
}

/** Returns one finding per change, per conflict and per unreadable directory. */
export function verifyLinks(observation: Observation): Finding[] {
  const { scan, missingNodes, assignment, tree, changes } = observation;
  const bySysname = new Map<string, Device>();
  if (changes.length > 0) for (const device of scan.devices) bySysname.set(device.sysname, device);
  const findings = changes.flatMap((change) => {
    const device = change.action === 'restore' ? undefined : assignment.winners.get(change.link)?.device;
    const finding =
      change.action === 'remove' && change.reason !== 'temporary' && isGroupLink(change.link)
        ? fromGroupRemoval(change, observation)
        : fromChange(change, bySysname, missingNodes);
    return finding ? [{ ...(device && { bus: device.bus, name: device.name }), ...finding }] : [];
  });
  for (const [directory, errno] of tree.unreadable)
    findings.push({
      code: 'directory-unreadable',
      file: directory === '' ? linkRoot : `${linkRoot}/${printable(directory)}`,
      message: `expected a directory of names, could not read it: ${explainErrno(errno)}`,
      remedy: errno === 'EACCES' ? 'run it as root' : 'look at it, and move it away; then vfio-names sync',
      fixable: false,
    });
  return [...findings, ...assignment.conflicts.flatMap(fromConflict)];
}

function fromChange(
  change: Change,
  bySysname: ReadonlyMap<string, Device>,
  missing: ReadonlySet<string>,
): Finding | undefined {
  const file = `${linkRoot}/${printable(change.link)}`;
  switch (change.action) {
    case 'create':
      return {
        code: 'link-missing',
        file,
        message: `expected a link to ${change.target}, found nothing`,
        remedy: syncRemedy(change.link),
        fixable: true,
      };
    case 'replace': {
      const node = targetNode(change.link, change.from);
      const other = bySysname.get(node ?? '');
      const found = other
        ? `the node of ${printable(other.bus)}/${printable(other.name)}`
        : isGroupLink(change.link)
          ? 'another group'
          : 'which is no device';
      return {
        code: other || isGroupLink(change.link) ? 'link-wrong' : 'link-dangling',
        file,
        message: `expected a link to ${change.target}, found one to ${printable(change.from)}, ${found}`,
        remedy: syncRemedy(change.link),
        fixable: true,
      };
    }
    case 'blocked':
      return {
        code: change.isLink ? 'link-unmanaged' : 'link-blocked',
        file,
        message: `expected a link to ${change.target}, found ${printable(change.found)}, which vfio-names did not make`,
        remedy: 'look at it, and move it away; then vfio-names sync',
        fixable: false,
      };
    case 'remove':
      return fromRemoval(change, file, bySysname, missing);
    case 'restore':
      return {
        code: 'displaced-file',
        file,
        message: `expected no file under the hidden name ${printable(change.hidden)}, where an interrupted run left it`,
        remedy: 'vfio-names sync, which moves it back',
        fixable: true,
      };
    case 'remove-directory':
      return undefined;
  }
}

/** A link below groups/ that no member of a group claims. */
function fromGroupRemoval(
  { link, from, reason }: Extract<Change, { action: 'remove' }>,
  { claims, missingGroupNodes }: Observation,
): Finding {
  const base = { file: `${linkRoot}/${printable(link)}`, remedy: syncRemedy(link), fixable: true };
  const node = targetNode(link, from) ?? '';
  const found = `found a link to ${printable(from)}`;
  if (missingGroupNodes.has(node))
    return { ...base, code: 'link-dangling', message: `${found}, the node of a group, which does not exist` };
  if (reason === 'gone') return { ...base, code: 'link-orphaned', message: `${found}, whose group is gone` };
  if (claims.some(({ group }) => group === node) && !link.startsWith('groups/by-'))
    return { ...base, code: 'link-stale', message: `${found}, a group that this device is not in now` };
  return { ...base, code: 'link-unclaimed', message: `${found}, a name that no rule gives` };
}

function fromRemoval(
  change: Extract<Change, { action: 'remove' }>,
  file: string,
  bySysname: ReadonlyMap<string, Device>,
  missing: ReadonlySet<string>,
): Finding {
  const other = bySysname.get(targetNode(change.link, change.from) ?? '');
  if (change.reason === 'temporary')
    return {
      code: 'temporary-link',
      file,
      message: 'found a temporary name that an interrupted run left',
      remedy: syncRemedy(change.link),
      fixable: true,
    };
  if (!other)
    return {
      code: 'link-orphaned',
      file,
      message: `found a link to ${printable(change.from)}, whose device is gone`,
      remedy: syncRemedy(change.link),
      fixable: true,
    };
  if (missing.has(other.sysname))
    return {
      code: 'link-dangling',
      file,
      bus: other.bus,
      name: other.name,
      message: `found a link to ${printable(change.from)}, the node of ${printable(other.bus)}/${printable(other.name)}, which does not exist`,
      remedy: syncRemedy(change.link),
      fixable: true,
    };
  if (change.link.startsWith('by-'))
    return {
      code: 'link-unclaimed',
      file,
      message: `found a link to the node of ${printable(other.bus)}/${printable(other.name)}, a name that no rule gives`,
      remedy: syncRemedy(change.link),
      fixable: true,
    };
  return {
    code: 'link-stale',
    file,
    message: `found a link to ${printable(change.from)}, whose number belongs to ${printable(other.bus)}/${printable(other.name)} now`,
    remedy: syncRemedy(change.link),
    fixable: true,
  };
}

function fromConflict(conflict: Conflict): Finding[] {
  return conflict.losers.map((loser) => ({
    code: 'name-conflict',
    file: `${linkRoot}/${printable(conflict.link)}`,
    bus: loser.bus,
    name: loser.name,
    message: conflictMessage(conflict, loser),
    remedy: conflictRemedy(conflict),
    fixable: false,
  }));
}

export function conflictRemedy({ winner }: Conflict): string {
  return winner === undefined
    ? 'use another name for these devices, such as the one of [names] by-path'
    : 'give one of them another name or priority in the policy';
}

/** Explains why `loser` does not get the link; the length does not depend on the number of losers. */
export function conflictMessage({ winner, losers, nestedWith }: Conflict, loser: Device): string {
  const name = printable(loser.name);
  if (winner === undefined) {
    const other = losers[0] === loser ? losers[1] : losers[0];
    const more = losers.length > 2 ? ` and ${losers.length - 2} more` : '';
    return `${name} has the same serial number as ${printable(other?.name ?? '')}${more}, so the name is given to none of them`;
  }
  return nestedWith === undefined
    ? `${name} also claims this name, but ${printable(winner.name)} has it`
    : `${name} claims this name, which cannot exist beside ${printable(nestedWith)} of ${printable(winner.name)}`;
}

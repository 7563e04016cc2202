/** Formats a change as one line of text. */
import type { AccountNames } from '../devices/accounts.ts';
import { explainErrno, withHint } from '../errors.ts';
import type { AccessChange } from '../links/access.ts';
import { nameOwners } from '../links/permissions.ts';
import type { Change } from '../links/plan.ts';
import { conflictMessage } from '../links/verify-links.ts';
import type { Conflict } from '../names/claims.ts';
import { linkRoot } from '../names/scheme.ts';
import { escapeControls, jsonText, printable } from '../text/printable.ts';
import type { WatchEvent } from '../watch/events.ts';
import type { Reason } from '../watch/loop.ts';
import { eventJson } from './json.ts';

/** `create /dev/vfio/pci/0000:01:00.0 -> ../devices/vfio3`, with the previous target if the link existed. */
export function formatChange(change: Change): string {
  const path = `${linkRoot}/${printable(change.link)}`;
  switch (change.action) {
    case 'create':
      return `create ${path} -> ${printable(change.target)}`;
    case 'replace':
      return `replace ${path} -> ${printable(change.target)} (was ${printable(change.from)})`;
    case 'remove':
      return `remove ${path} (was ${printable(change.from)}: ${change.reason})`;
    case 'restore':
      return `restore ${path} (from ${printable(change.hidden)})`;
    case 'remove-directory':
      return `remove ${path}, empty`;
    case 'blocked':
      return `blocked ${path}: expected a link to ${printable(change.target)}, found ${printable(change.found)}`;
  }
}

/** `access /dev/vfio/devices/vfio3: root:kvm 0660 (was root:root 0600)`, or why the access cannot be given. */
export function formatAccess(
  { file, from, to, error }: Omit<AccessChange, 'device'>,
  names: AccountNames,
): string {
  const path = printable(file);
  return to === undefined
    ? `impossible access ${path}: ${printable(error ?? '')}`
    : `access ${path}: ${printable(nameOwners(to, names))} (was ${printable(nameOwners(from, names))})`;
}

/** The number of devices that the text about one name lists. */
const MAX_CLAIMANTS = 10;

/**
 * `conflict /dev/vfio/by-alias/gpu: 0000:02:00.0 also claims this name, but 0000:01:00.0 has it`, one line per loser; with many losers,
 * the last line says how many more there are.
 */
export function formatConflict(conflict: Conflict): string[] {
  const { link, losers } = conflict;
  const start = `conflict ${linkRoot}/${printable(link)}`;
  const lines = losers
    .slice(0, MAX_CLAIMANTS)
    .map((loser) => `${start}: ${conflictMessage(conflict, loser)}`);
  const more = losers.length - lines.length;
  return more > 0
    ? [...lines, `${start}: ${more} more ${more === 1 ? 'device claims' : 'devices claim'} this name`]
    : lines;
}

/** `message; hint` as one line without raw control characters, whatever they quote. For stderr, main() escapes every line. */
export function formatMessage(message: string, hint?: string): string {
  return escapeControls(withHint({ message, hint }));
}

/** `added /dev/vfio/pci/0000:01:00.0 -> ../devices/vfio3 (appeared)`; `names` is called only for a change of access. */
export function formatEvent(event: WatchEvent, names: () => AccountNames): string {
  const where = printable(event.link === undefined ? (event.file ?? '') : `${linkRoot}/${event.link}`);
  const device = event.name === undefined ? '' : ` of ${printable(event.name)}`;
  const found = printable(event.found ?? '');
  switch (event.reason) {
    case 'name-conflict':
      return event.found === undefined
        ? `conflict ${where}: ${printable(event.name ?? '')} has the same serial number as another device, so none of them gets the name; use another name, such as the one of [names] by-path`
        : `conflict ${where}: ${printable(event.name ?? '')} also claims this name, but ${found} has it; give one of them another name or priority in the policy`;
    case 'blocked':
      return `conflict ${where}${device}: found ${found}, which vfio-names did not make; look at it, and move it away`;
    case 'change-failed':
      return `failed ${where}${device}: ${explainErrno(found)}`;
    case 'unreadable':
      return `failed ${where}: ${explainErrno(found)}`;
    case 'unstable':
      return `failed ${where}: the names kept changing while they were made; look for what else changes them`;
    case 'access':
      return `access ${where}${device}: ${[event.to, event.from]
        .map((permissions = '') => printable(nameOwners(permissions, names())))
        .join(' (was ')})`;
    default: {
      const target = event.target === undefined ? '' : ` -> ${printable(event.target)}`;
      const from = event.from === undefined ? '' : `, was ${printable(event.from)}`;
      return `${event.event} ${where}${target} (${event.reason}${from})`;
    }
  }
}

/** The event as one JSON document on one line; src/cli/schemas/watch.json is the schema. */
export function formatEventJson(event: WatchEvent, trigger: Reason, time: Date): string {
  return `${jsonText({ version: 1, time: time.toISOString(), ...eventJson(event), trigger })}\n`;
}

/** Names of the policy that lead to no device, or to one of several, and what an alias stands for. */
import { isSharedSerial, readAnySerial } from '../devices/facts/serial.ts';
import { memberKey } from '../devices/groups.ts';
import type { Device } from '../devices/types.ts';
import { tryOrUndefined } from '../errors.ts';
import { groupDirectory } from '../names/scheme.ts';
import type { Alias } from '../policy/links.ts';
import { printable } from '../text/printable.ts';
import type { Machine, Observation } from './observe.ts';

/** How many aliases and devices the messages name. */
const [MAX_LINES, MAX_NAMES] = [10, 3];

/** `by-alias/gpu (a.toml:2)`, printable. */
function describeAlias({ link, source }: Alias): string {
  return printable(`${link} (${source.file}:${source.line})`);
}

/**
 * Returns one line for each name of the policy that does not lead to one device: aliases that fit none or several, and
 * serial numbers that many cards have. At most MAX_LINES of a kind.
 */
export function policyNotes(
  machine: Pick<Machine, 'files' | 'root' | 'aliases' | 'usesSerials'>,
  seen: Pick<Observation, 'scan' | 'claims'>,
): string[] {
  return [...aliasProblems(machine, seen), ...(machine.usesSerials ? sharedSerials(machine, seen) : [])];
}

function sharedSerials(
  { files, root }: Pick<Machine, 'files' | 'root'>,
  { scan }: Pick<Observation, 'scan'>,
): string[] {
  const bySerial = new Map<string, string[]>();
  for (const device of scan.devices) {
    const serial = tryOrUndefined(() => readAnySerial(files, root, device));
    if (serial === undefined || !isSharedSerial(serial)) continue;
    const names = bySerial.get(serial);
    if (names) names.push(device.name);
    else bySerial.set(serial, [device.name]);
  }
  return [...bySerial].slice(0, MAX_LINES).map(([serial, names]) => {
    const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
    const shown = names.slice(0, MAX_NAMES).map(printable).join(', ');
    return `by-serial gives no name to ${shown}${more}: many cards have the serial number ${serial}`;
  });
}

/**
 * Returns one line for each alias that fits no device or several devices; at most MAX_LINES, and one line with the number of
 * the others. Empty on a machine without VFIO devices.
 */
export function aliasProblems(
  { aliases = [] }: Pick<Machine, 'aliases'>,
  { scan, claims }: Pick<Observation, 'scan' | 'claims'>,
): string[] {
  if (aliases.length === 0 || scan.devices.length === 0) return [];
  // A device can have the name for its own node, for that of its group, or for both.
  const found = new Map(aliases.map(({ link }) => [link, new Map<string, Device>()]));
  for (const { link, device } of claims)
    (found.get(link) ?? found.get(linkWithoutGroup(link)))?.set(memberKey(device), device);
  const lines = aliases.flatMap((alias) => {
    const devices = [...(found.get(alias.link)?.values() ?? [])];
    if (devices.length === 1) return [];
    if (devices.length === 0)
      return [`${describeAlias(alias)} fits no device: expected ${printable(alias.target)} bound to VFIO`];
    const names = devices.slice(0, MAX_NAMES).map(({ name }) => printable(name));
    const more = devices.length > MAX_NAMES ? ` and ${devices.length - MAX_NAMES} more` : '';
    return [
      `${describeAlias(alias)} fits ${devices.length} devices, and one of them gets it: ${names.join(', ')}${more}`,
    ];
  });
  return lines.length <= MAX_LINES
    ? lines
    : [
        ...lines.slice(0, MAX_LINES),
        `${lines.length - MAX_LINES} more aliases fit no device or several; see vfio-names config check`,
      ];
}

/** `by-alias/gpu` for `groups/by-alias/gpu`. */
function linkWithoutGroup(link: string): string {
  return link.startsWith(`${groupDirectory}/`) ? link.slice(groupDirectory.length + 1) : link;
}

/** Returns the alias with this link: `by-alias/gpu`, or `gpu` alone. */
export function findAlias({ aliases = [] }: Pick<Machine, 'aliases'>, link: string): Alias | undefined {
  return (
    aliases.find((alias) => alias.link === link) ?? aliases.find((alias) => alias.link === `by-alias/${link}`)
  );
}

/** Which aliases of the policy lead to no device, or to one of several, and what an alias stands for. */
import type { Device } from '../devices/types.ts';
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
 * Returns one line for each alias that fits no device or several devices; at most MAX_LINES, and one line with the number of
 * the others. Empty on a machine without VFIO devices.
 */
export function aliasProblems(
  { aliases = [] }: Pick<Machine, 'aliases'>,
  { scan, claims }: Pick<Observation, 'scan' | 'claims'>,
): string[] {
  if (aliases.length === 0 || scan.devices.length === 0) return [];
  const found = new Map<string, Device[]>(aliases.map(({ link }) => [link, []]));
  for (const { link, device } of claims) found.get(link)?.push(device);
  const lines = aliases.flatMap((alias) => {
    const devices = found.get(alias.link) ?? [];
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

/** Returns the alias with this link: `by-alias/gpu`, or `gpu` alone. */
export function findAlias({ aliases = [] }: Pick<Machine, 'aliases'>, link: string): Alias | undefined {
  return (
    aliases.find((alias) => alias.link === link) ?? aliases.find((alias) => alias.link === `by-alias/${link}`)
  );
}

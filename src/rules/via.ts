/** The three modes of creating links with udev rules (`--via`), and the lines that differ between them. */
import { formatRule } from './line.ts';
import { escapeUdev } from './quote.ts';
import { formatRequest } from './request.ts';

/**
 * `native`: udev builds the names that it can express, and vfio_id prints the others. `import`: vfio_id prints all names,
 * and udev creates the links. `run`: vfio_id creates and removes the links, for a udev that must not.
 */
export const linkModes = ['native', 'import', 'run'] as const;

export type LinkMode = (typeof linkModes)[number];

/** Where packages install vfio_id; the rules TEST for it, so that without it only the links that need it are missing. */
export const helperPath = '/usr/lib/udev/vfio_id';

const helperExists = `TEST=="${helperPath}"`;

/** The request to vfio_id for the name of scheme 1. */
export const schemeRequest = formatRequest([{ fact: 'bus' }, { text: '/' }, { fact: 'name' }]);

/** The property that collects the requests of `run`; private to the event. */
const linksProperty = '.VFIO_NAMES_LINKS';

/** Returns the key that adds one name to the requests of the event's device. */
export function addRequest(number: number, text: string, priority: number): string {
  const prioritySuffix = priority === 0 ? '' : `:${priority}`;
  return `ENV{${linksProperty}}+="--link '${number}${prioritySuffix}=${escapeUdev(text)}'"`;
}

/** Returns the first lines of the rules, which remove the links of a removed device. DEVPATH is in the environment. */
export function removeLinkLines(via: LinkMode): string[] {
  if (via !== 'run') return [];
  const when = ['ACTION=="remove"', 'SUBSYSTEM=="vfio-dev"', helperExists];
  return [formatRule([...when, `RUN+="${helperPath} link remove"`])];
}

/** Returns the last lines of the rules, which create the links of a device. */
export function addLinkLines(via: LinkMode): string[] {
  return via === 'run'
    ? [formatRule([helperExists, `RUN+="${helperPath} link add $env{${linksProperty}}"`])]
    : [];
}

/** Returns the line that runs vfio_id once for each device that requests it. */
export function importLine(imported: string, facts: readonly string[], options: readonly string[]): string {
  const command = [helperPath, '--export', `--facts=${facts.join(',')}`, ...options, "'$devpath'"];
  return formatRule([
    `${imported}=="want"`,
    helperExists,
    `IMPORT{program}="${command.join(' ')}"`,
    `${imported}="yes"`,
  ]);
}

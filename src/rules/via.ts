/** Who makes the links of udev rules: the lines that differ between the three ways. Pure; knows nothing of policies. */
import { lineText } from './line.ts';
import { udevText } from './quote.ts';
import { writeRequest } from './request.ts';

/**
 * `native`: udev makes every name that it can by itself. `import`: vfio_id tells all names, udev makes the links.
 * `run`: vfio_id makes and removes the links, for a udev that shall not.
 */
export const ways = ['native', 'import', 'run'] as const;

export type Via = (typeof ways)[number];

/** Where packages install the helper; a rule's TEST keeps a missing one from costing more than its facts. */
export const helperPath = '/usr/lib/udev/vfio_id';

const helperThere = `TEST=="${helperPath}"`;

/** The text in which vfio_id is asked for the name of scheme 1. */
export const schemeRequest = writeRequest([{ fact: 'bus' }, { text: '/' }, { fact: 'name' }]);

/** Gathers what `run` asks for; private to the event. */
const gathered = '.VFIO_NAMES_LINKS';

/** Adds one name to those that the event's device shall have. */
export function gather(number: number, text: string, priority: number): string {
  const weight = priority === 0 ? '' : `:${priority}`;
  return `ENV{${gathered}}+="--link '${number}${weight}=${udevText(text)}'"`;
}

/** Before all else: a device that went takes its links with it. DEVPATH is in the environment. */
export function removeLines(via: Via): string[] {
  if (via !== 'run') return [];
  const when = ['ACTION=="remove"', 'SUBSYSTEM=="vfio-dev"', helperThere];
  return [lineText([...when, `RUN+="${helperPath} link remove"`])];
}

/** After all else: the links of a device that is there. */
export function runLines(via: Via): string[] {
  return via === 'run' ? [lineText([helperThere, `RUN+="${helperPath} link add $env{${gathered}}"`])] : [];
}

/** One call of vfio_id for the devices that want it. */
export function importLine(imported: string, facts: readonly string[], asked: readonly string[]): string {
  const words = [helperPath, '--export', `--facts=${facts.join(',')}`, ...asked, "'$devpath'"];
  return lineText([
    `${imported}=="want"`,
    helperThere,
    `IMPORT{program}="${words.join(' ')}"`,
    `${imported}="yes"`,
  ]);
}

/** The text of `show`: a headline, what is wrong, and the facts of the device in sections with readable titles. */
import { nodePathOf } from '../devices/cdev.ts';
import { blockingSiblings, type Sibling } from '../devices/iommu-group.ts';
import type { FactName, Facts } from '../devices/types.ts';
import { describeEntry } from '../graph/words.ts';
import { holderLine } from '../holders/format.ts';
import type { Holder } from '../holders/types.ts';
import type { Finding } from '../links/finding.ts';
import type { DeviceState } from '../links/state.ts';
import { escapeControls, printable } from '../text/printable.ts';
import { wrap } from '../text/prose.ts';
import { paint } from './colour.ts';
import { findingLines } from './finding-lines.ts';
import { describeIds, shortLabel } from './list/description.ts';
import { stateColour } from './list/table.ts';

/** All that `show` prints about a device. */
export interface ShownDevice {
  readonly facts: Facts;
  /** Absolute paths. */
  readonly links: readonly string[];
  /** Their systemd units. */
  readonly units: readonly string[];
  readonly state: DeviceState;
  readonly findings: readonly Finding[];
  readonly siblings: readonly Sibling[];
  readonly holders: readonly Holder[];
  /** What gave the device its driver. */
  readonly boundBy: string;
  /** Why the device does not have the driver that the policy wants. */
  readonly policyNote?: string;
}

interface Layout {
  readonly colour: boolean;
  /** The width of the terminal; absent if a line may be of any length. */
  readonly width: number | undefined;
}

/** The titles of facts that have a line of their own, in the order of the lines. */
const titles: Readonly<Partial<Record<FactName, string>>> = {
  bus: 'Bus',
  name: 'Name',
  driver: 'Driver',
  vendor: 'Vendor id',
  device: 'Device id',
  subsystemVendor: 'Subsystem vendor id',
  subsystemDevice: 'Subsystem device id',
  class: 'Class',
  revision: 'Revision',
  mdevType: 'Type',
  mdevParent: 'Parent device',
  vgpuType: 'vGPU profile',
  pf: 'Physical function',
  pfDriver: 'Driver of the PF',
  pfNet: 'Interface of the PF',
  vf: 'VF number',
  function: 'Function',
  slot: 'Slot',
  serial: 'Serial number',
  numaNode: 'NUMA node',
  path: 'PCI path',
  syspath: 'In sysfs',
};

const unitTitle = 'Systemd unit';

type Line = readonly [title: string, value: string];

/** Formats the device; each line ends with a newline. */
export function showText(shown: ShownDevice, layout: Layout): string {
  const { facts, links, units, holders } = shown;
  const sections: readonly (readonly [string, readonly Line[]])[] = [
    ['Device', deviceLines(facts, shown.boundBy)],
    ['Node', nodeLines(facts)],
    [
      'Names',
      [...links.map((link): Line => ['Link', link]), ...units.map((unit): Line => [unitTitle, unit])],
    ],
    [facts.group === undefined ? 'IOMMU group' : `IOMMU group ${facts.group}`, groupLines(shown)],
    ['Open in', holders.map((holder): Line => ['Process', holderLine(holder)])],
  ];
  const width = Math.max(...sections.flatMap(([, lines]) => lines.map(([title]) => title.length)));
  return [
    ...headline(shown, layout),
    ...warnings(shown, layout),
    ...sections.flatMap(([title, lines]) =>
      lines.length === 0
        ? []
        : [
            '',
            paint(title, 'bold', layout.colour),
            ...lines.flatMap(([name, value]) =>
              fitValue(valueText(name, value), layout.width, `  ${name.padEnd(width)}  `),
            ),
          ],
    ),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

/**
 * Breaks a line that is longer than the terminal is wide, and indents the rest by the length of `first`. If a word of the value
 * does not fit beside the title, the value begins on the next line.
 */
function fitValue(text: string, width: number | undefined, first: string): string[] {
  const longest = Math.max(...text.split(' ').map((word) => word.length));
  if (width === undefined || first.length + text.length <= width) return [first + text];
  if (first.length + longest <= width) return wrap(text, { width, indent: first.length, first });
  return [first.trimEnd(), ...fitLine(text, width, '    ')];
}

/** Breaks a line that is longer than the terminal is wide, and indents the rest by the length of `first`. */
function fitLine(text: string, width: number | undefined, first: string, indent = first.length): string[] {
  // Text that fits stays as it is, with all its spaces.
  return width === undefined || first.length + text.length <= width
    ? [first + text]
    : wrap(text, { width, indent: Math.min(indent, Math.floor(width / 2)), first });
}

/** The names of units are escaped by systemd's rules already (`\\x2d`), and are for copying. */
function valueText(title: string, value: string): string {
  return title === unitTitle ? escapeControls(value) : printable(value);
}

/** `NVIDIA AD102 [GeForce RTX 4090] at pci/0000:01:00.0: ok` */
function headline({ facts, state, findings, siblings }: ShownDevice, { colour, width }: Layout): string[] {
  const { bus, name, label } = facts;
  const place = printable(`${bus}/${name}`);
  const what = label === undefined ? describeIds(facts) : shortLabel(label);
  const isUsable = blockingSiblings(siblings).length === 0;
  const text = state === 'ok' && !isUsable ? 'group cannot be used' : state.replaceAll('-', ' ');
  const tone = state === 'ok' && (!isUsable || findings.length > 0) ? 'yellow' : stateColour(state);
  const subject = what === undefined ? place : `${printable(what)} at ${place}`;
  const lines = width === undefined ? [subject] : wrap(subject, { width: width - 1, indent: 4 });
  const end = lines.at(-1) ?? '';
  const isLong = width !== undefined && end.length + 2 + text.length > width;
  const bold = lines.map((line) => paint(line, 'bold', colour));
  bold.push(`${bold.pop() ?? ''}:${isLong ? '' : ` ${paint(text, tone, colour)}`}`);
  return isLong ? [...bold, `    ${paint(text, tone, colour)}`] : bold;
}

/** What keeps the device from being used, first of all. */
function warnings({ facts, findings, siblings, policyNote }: ShownDevice, layout: Layout): string[] {
  const blockers = blockingSiblings(siblings).map(
    ({ bus, name, driver }) => `${bus}/${name} (${driver ?? 'no driver'})`,
  );
  const group =
    blockers.length === 0
      ? []
      : [
          printable(
            `the devices of group ${facts.group ?? '?'} cannot be used until ${blockers.join(', ')} ${blockers.length === 1 ? 'is' : 'are'} unbound: they share the group with it`,
          ),
        ];
  const reason = facts.noCdevReason === undefined ? [] : [printable(facts.noCdevReason)];
  return [
    ...[...group, ...reason, ...(policyNote === undefined ? [] : [printable(policyNote)])].flatMap((line) => {
      const [first = '', ...rest] = fitLine(line, layout.width, 'warning: ', 4);
      return [first.replace('warning:', paint('warning:', 'yellow', layout.colour)), ...rest];
    }),
    ...findingLines(findings, layout),
  ];
}

function deviceLines(facts: Facts, boundBy: string): Line[] {
  return Object.entries(titles).flatMap(([fact, title]): Line[] => {
    if (fact === 'driver')
      return [...(facts.driver === undefined ? [] : [[title, facts.driver] as const]), ['Bound by', boundBy]];
    const value = facts[fact as FactName];
    if (value === undefined) return [];
    const text = fact === 'class' ? describeEntry({ class: value, bus: 'pci' }) : undefined;
    return [[title, text === undefined ? value : `${value} (${text})`]];
  });
}

function nodeLines({ node, devnum, owner, fileGroup, mode }: Facts): Line[] {
  if (node === undefined) return [['Path', 'none']];
  return [
    ['Path', nodePathOf(node)],
    ['Device number', devnum ?? '?'],
    ...(owner === undefined ? [] : [['Owner', `${owner}:${fileGroup ?? '?'} ${mode ?? ''}`] as const]),
  ];
}

function groupLines({ facts, siblings }: ShownDevice): Line[] {
  const uses = {
    vfio: 'also bound to a VFIO driver',
    compatible: 'does not block the group',
    blocking: 'blocks the group',
  };
  return [
    ...(facts.groupNode === undefined ? [] : [['Node', facts.groupNode] as const]),
    ...siblings.map(
      ({ bus, name, driver, sharing }): Line => [
        'Shared with',
        `${bus}/${name} (${driver ?? 'no driver'}): ${uses[sharing]}`,
      ],
    ),
  ];
}

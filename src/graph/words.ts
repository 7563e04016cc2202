/**
 * Describes an entry in text, for all formats of a graph. All text is unescaped; the caller makes it
 * printable.
 */
import { linkRoot } from '../names/scheme.ts';
import type { Entry, Usage } from './model.ts';

/** The states as text. */
export const stateLabels: Readonly<Record<Usage, string>> = {
  used: 'in use',
  free: 'bound to VFIO, free',
  'no-node': 'bound to VFIO, no node',
  host: 'used by the host',
  blocking: 'used by the host, blocks its group',
  idle: 'no driver',
};

/**
 * Descriptions by prefix of the PCI class, for devices that the hardware database lacks; covers classes that
 * are commonly passed through.
 */
const classes: readonly (readonly [string, string])[] = [
  ['0x0108', 'NVMe controller'],
  ['0x01', 'storage controller'],
  ['0x02', 'network controller'],
  ['0x0300', 'VGA controller'],
  ['0x03', 'display controller'],
  ['0x0403', 'audio device'],
  ['0x0600', 'host bridge'],
  ['0x0601', 'ISA bridge'],
  ['0x0604', 'PCI bridge'],
  ['0x06', 'bridge'],
  ['0x0c03', 'USB controller'],
  ['0x0c05', 'SMBus'],
  ['0x12', 'accelerator'],
];

/**
 * `NVIDIA Corporation GA102`, or the type of a mediated device, or the description of the class; at most 72
 * characters.
 */
export function describeEntry({
  label,
  class: code,
  mdevType,
  bus,
}: Pick<Entry, 'label' | 'class' | 'mdevType' | 'bus'>): string | undefined {
  const byClass = code === undefined ? undefined : classes.find(([prefix]) => code.startsWith(prefix))?.[1];
  const text = label ?? mdevType ?? byClass ?? (bus === 'pci' ? undefined : `${bus} device`);
  return text === undefined ? undefined : truncate(text, 72);
}

/** `vfio-pci, vfio3`, `vfio-pci, /dev/vfio/14` where only the group has a node, or `no driver`. */
export function formatDriver({ driver, node: own, groupNode, usage }: Entry): string {
  const parts = [driver === undefined ? 'no driver' : driver];
  const node = own ?? groupNode;
  if (node !== undefined) parts.push(node);
  if (node !== undefined && /(?:^|\/)noiommu-/.test(node)) parts.push('no isolation');
  else if (usage === 'no-node') parts.push('no node');
  return parts.join(', ');
}

/** `pci/0000:01:00.0`: the first link, with `(not correct)` if the links are not correct. */
export function formatFirstLink({ links, linksCorrect }: Entry): string | undefined {
  const [link] = links ?? [];
  if (link === undefined) return undefined;
  return `${link.slice(linkRoot.length + 1)}${linksCorrect ? '' : ' (not correct)'}`;
}

/** `by-alias/gpu` for each alias of the policy. */
export function aliasesOf({ links }: Entry): string[] {
  return (links ?? [])
    .map((link) => link.slice(linkRoot.length + 1))
    .filter((link) => link.startsWith('by-alias/'));
}

/** All that a drawing says about a device on one line, for its tooltip and its line of text. */
export function entryLine(entry: Entry): string {
  const { name, group, vf, usage } = entry;
  const holder = formatEntryHolders(entry);
  const parts = [
    `${vf === undefined ? '' : `vf ${vf}: `}${name}`,
    ...aliasesOf(entry),
    describeEntry(entry),
    group === undefined ? undefined : `group ${group}`,
    formatDriver(entry),
    formatFirstLink(entry),
    holder === undefined ? (usage === 'blocking' ? stateLabels.blocking : undefined) : `in use by ${holder}`,
  ];
  return parts.filter((part) => part !== undefined).join(' · ');
}

/** `qemu-system-x86 (pid 812)`, the first holder; with several, followed by the number of the others. */
export function formatEntryHolders({ holders = [] }: Entry): string | undefined {
  const [first, ...more] = holders;
  if (first === undefined) return undefined;
  return truncate(first, 48) + (more.length === 0 ? '' : ` and ${more.length} more`);
}

/** Truncates `text` to `maxLength` characters, the last one an ellipsis; never splits a surrogate pair. */
export function truncate(text: string, maxLength: number): string {
  const characters = [...text];
  return characters.length <= maxLength ? text : `${characters.slice(0, maxLength - 1).join('')}…`;
}

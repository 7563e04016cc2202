/** How an entry is described in a picture and in text. Pure; all text is raw, to be made printable where it is put. */
import { linkRoot } from '../names/scheme.ts';
import type { Entry, EntryState } from './entry.ts';

export const stateWords: Readonly<Record<EntryState, string>> = {
  used: 'in use',
  free: 'bound to VFIO, free',
  'no-node': 'bound to VFIO, no node',
  host: "the host's",
  blocking: "the host's, keeps its group from VFIO",
  idle: 'no driver',
};

/** What the PCI class says, for devices that the list of names lacks; the ones that are handed over. */
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

/** `NVIDIA Corporation GA102`, or what the class says, or the type of a mediated device; at most 72 letters. */
export function what({ label, class: code, mdevType, bus }: Entry): string | undefined {
  const byClass = code === undefined ? undefined : classes.find(([prefix]) => code.startsWith(prefix))?.[1];
  const text = label ?? mdevType ?? byClass ?? (bus === 'pci' ? undefined : `${bus} device`);
  return text === undefined ? undefined : short(text, 72);
}

/** `vfio-pci, vfio3`, or `no driver`. */
export function driverAndNode({ driver, node, state }: Entry): string {
  const words = [driver === undefined ? 'no driver' : driver];
  if (node !== undefined) words.push(node);
  if (state === 'no-node') words.push('no node');
  return words.join(', ');
}

/** `pci/0000:01:00.0`: the first name, and that it is not there, where it is not. */
export function firstName({ links, named }: Entry): string | undefined {
  const [link] = links ?? [];
  if (link === undefined) return undefined;
  return `${link.slice(linkRoot.length + 1)}${named ? '' : ' (missing)'}`;
}

/** `qemu-system-x86 (pid 812)`; of several the first and how many more. */
export function holderWords({ holders = [] }: Entry): string | undefined {
  const [first, ...more] = holders;
  if (first === undefined) return undefined;
  return short(first, 48) + (more.length === 0 ? '' : ` and ${more.length} more`);
}

/** Whole characters, so that no half surrogate is left. */
export function short(text: string, most: number): string {
  const letters = [...text];
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join('')}…`;
}

/** The text in lines of about `most` letters, broken at blanks where there are any; none for an empty text. */
export function wrapped(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ').filter((one) => one !== '')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Formats holders, siblings and nodes for one line of text. */
import type { Holder } from '../holders/holder.ts';
import { printable } from '../text/printable.ts';
import type { NodeAccess, SiblingWithHolders } from './evidence.ts';

const interfaceTexts: Readonly<Record<Holder['interface'], string>> = {
  cdev: 'through the cdev',
  group: 'through the group node',
  'device-fd': 'through its group',
};

/**
 * `pid 4711 (qemu-system-x86) through the cdev`; lists each process once per interface, and at most three.
 */
export function formatHolders(holders: readonly Holder[]): string {
  const texts = new Set(
    holders.map(({ pid, command, interface: via }) => {
      const program = command === undefined ? '' : ` (${printable(command)})`;
      return `pid ${pid}${program} ${interfaceTexts[via]}`;
    }),
  );
  return joinAtMostThree([...texts]);
}

/** `sibling 0000:02:02.0 is on e1000e`. */
export function formatSibling({ name, driver }: SiblingWithHolders): string {
  return `sibling ${printable(name)} is on ${printable(driver ?? 'no driver')}`;
}

/** Joins at most three texts, and counts the rest: `a, b, c and 2 more`. */
export function joinAtMostThree(texts: readonly string[]): string {
  const rest = texts.length - 3;
  return texts.slice(0, 3).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/** `/dev/iommu is root:root 0600`. */
export function formatNodeAccess({ path, status }: NodeAccess): string {
  if (!status) return printable(path);
  const mode = status.mode.toString(8).padStart(4, '0');
  return `${printable(path)} is ${idText(status.uid)}:${idText(status.gid)} ${mode}`;
}

/** `root`, or `uid 1000`. */
export function formatUser(uid: number): string {
  return uid === 0 ? 'root' : `uid ${uid}`;
}

function idText(id: number): string {
  return id === 0 ? 'root' : String(id);
}

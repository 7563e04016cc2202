/** Formats a holder as cells of a table and as one line. */
import { printable } from '../text/printable.ts';
import type { Holder } from './types.ts';

/** The column heads of `holderCells`. */
export const holderHead = ['PID', 'FD', 'INTERFACE', 'USER', 'COMMAND', 'UNIT', 'CONTAINER', 'PATH'] as const;

const interfaceLabels = {
  cdev: 'device',
  group: 'group',
  'device-fd': 'device of group',
  container: 'container',
} as const;

/** Returns one printable cell per column head, empty if the value is unknown. */
export function holderCells(holder: Holder): string[] {
  const { container } = holder;
  const runtime =
    container?.pod === undefined ? container?.runtime : `${container.runtime} pod ${container.pod}`;
  // Twelve characters of the id, as in the lists of the runtimes.
  const id = container && /^[0-9a-f]{13,}$/.test(container.id) ? container.id.slice(0, 12) : container?.id;
  return [
    String(holder.pid),
    String(holder.fd),
    interfaceLabels[holder.interface],
    printable(holder.user ?? (holder.uid === undefined ? '' : String(holder.uid))),
    printable(holder.command ?? ''),
    printable(holder.unit ?? ''),
    container ? printable(`${runtime} ${id}`) : '',
    printable(holder.opened) + (holder.deleted ? ' (deleted)' : ''),
  ];
}

/** Returns command and PID, printable: `qemu-system-x86 (pid 812)`. */
export function holderName(holder: Holder): string {
  return holder.command === undefined
    ? `pid ${holder.pid}`
    : `${printable(holder.command)} (pid ${holder.pid})`;
}

/** Returns a holder as one line: `qemu-system-x86 (pid 812), fd 31, device`. The command is not made printable. */
export function holderLine(holder: Holder): string {
  const name = holder.command === undefined ? `pid ${holder.pid}` : `${holder.command} (pid ${holder.pid})`;
  return `${name}, fd ${holder.fd}, ${interfaceLabels[holder.interface]}${holder.deleted ? ', deleted' : ''}`;
}

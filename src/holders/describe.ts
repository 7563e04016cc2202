/** A holder as cells of a table and on one line. Pure; everything that came from /proc is made printable for people only. */
import { printable } from '../text/printable.ts';
import type { Holder } from './holder.ts';

/** The heads of `holderCells`. */
export const holderHead = ['PID', 'FD', 'INTERFACE', 'USER', 'COMMAND', 'UNIT', 'CONTAINER', 'PATH'] as const;

const interfaceWords = { cdev: 'device', group: 'group', 'device-fd': 'device of group' } as const;

/** One cell for each head, empty where nothing is known. */
export function holderCells(holder: Holder): string[] {
  const { container } = holder;
  const runtime =
    container?.pod === undefined ? container?.runtime : `${container.runtime} pod ${container.pod}`;
  // Whole ids make lines that nobody reads; twelve characters are what the runtimes' own lists show.
  const id = container && /^[0-9a-f]{13,}$/.test(container.id) ? container.id.slice(0, 12) : container?.id;
  return [
    String(holder.pid),
    String(holder.fd),
    interfaceWords[holder.interface],
    printable(holder.user ?? (holder.uid === undefined ? '' : String(holder.uid))),
    printable(holder.command ?? ''),
    printable(holder.unit ?? ''),
    container ? printable(`${runtime} ${id}`) : '',
    printable(holder.path) + (holder.deleted ? ' (deleted)' : ''),
  ];
}

/** A holder in one breath, printable: `qemu-system-x86 (pid 812)`. */
export function holderName(holder: Holder): string {
  return holder.command === undefined
    ? `pid ${holder.pid}`
    : `${printable(holder.command)} (pid ${holder.pid})`;
}

/** A holder on one line: `qemu-system-x86 (pid 812), fd 31, device`. Raw: the command is as /proc has it. */
export function holderLine(holder: Holder): string {
  const name = holder.command === undefined ? `pid ${holder.pid}` : `${holder.command} (pid ${holder.pid})`;
  return `${name}, fd ${holder.fd}, ${interfaceWords[holder.interface]}${holder.deleted ? ', deleted' : ''}`;
}

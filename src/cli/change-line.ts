/** Formats a change as one line of text. */
import type { Change } from '../links/change.ts';
import { linkRoot } from '../names/scheme.ts';
import { printable } from '../text/printable.ts';

/** `create /dev/vfio/pci/0000:01:00.0 -> ../devices/vfio3`, with the previous target if the link existed. */
export function formatChange(change: Change): string {
  const path = `${linkRoot}/${printable(change.link)}`;
  switch (change.action) {
    case 'create':
      return `create ${path} -> ${printable(change.target)}`;
    case 'replace':
      return `replace ${path} -> ${printable(change.target)} (was ${printable(change.from)})`;
    case 'remove':
      return `remove ${path} (was ${printable(change.from)}: ${change.reason})`;
    case 'remove-directory':
      return `remove ${path}, empty`;
    case 'blocked':
      return `blocked ${path}: expected a link to ${printable(change.target)}, found ${printable(change.found)}`;
  }
}

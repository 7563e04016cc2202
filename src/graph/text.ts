/** Formats a graph as a tree of lines for a terminal. */
import { printable } from '../text/printable.ts';
import type { Box, Entry, Graph } from './model.ts';
import { entryLine } from './words.ts';

/** Returns one line per device, each terminated by a newline. */
export function formatText({ roots }: Graph): string {
  return roots.map((root) => lines(root, '', '').join('')).join('');
}

/**
 * Returns the line of the box, prefixed with `lead`, and the lines of its descendants, prefixed with `rest`.
 */
function lines(box: Box, lead: string, rest: string): string[] {
  if (box.kind === 'grid')
    // On a terminal, the cells of a grid are lines like any other.
    return box.cells.map(
      (cell, index) => `${index === box.cells.length - 1 ? lead : fork(lead)}${line(cell)}\n`,
    );
  const own = box.kind === 'root' ? printable(box.name) : line(box.entry);
  const below = box.below.flatMap((child, index) => {
    const last = index === box.below.length - 1;
    return lines(child, `${rest}${last ? '└─ ' : '├─ '}`, `${rest}${last ? '   ' : '│  '}`);
  });
  return [`${lead}${own}\n`, ...below];
}

/** Returns the prefix of a line that is followed by lines of the same level. */
function fork(lead: string): string {
  return lead.replace(/└─ $/, '├─ ');
}

function line(entry: Entry): string {
  return printable(entryLine(entry));
}
